package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// runExplain tells what would become of a call.
func runExplain(args []string, std stdio) int {
	r := remote{command: "explain", std: std}
	if exit, ok := r.parse(args, "[flags] /pkg.Service/Method", nil); !ok {
		return exit
	}
	if len(r.names) != 1 {
		return failed(std, fmt.Errorf("%d methods; must be one", len(r.names)))
	}
	return r.briefly(func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		m, err := c.Explain(ctx, &adminv1.ExplainRequest{Side: r.side, Method: r.names[0], Target: r.target})
		if err != nil {
			return 0, err
		}
		if r.json {
			err = r.print(m)
		} else {
			for _, words := range m.GetWords() {
				fmt.Fprintln(std.out, shown(words))
			}
		}
		if !m.GetWouldAdmit() {
			return exitFound, err
		}
		return exitGood, err
	})
}

// runWatch prints what changes until it is interrupted.
func runWatch(interrupted context.Context, args []string, std stdio) int {
	r := remote{command: "watch", std: std}
	if exit, ok := r.parse(args, "[flags] [text]", nil); !ok {
		return exit
	}
	f, err := r.filter()
	if err != nil {
		return failed(std, err)
	}
	return r.do(interrupted, func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		w, err := c.Watch(ctx, &adminv1.WatchRequest{Filter: f})
		for err == nil {
			var m *adminv1.WatchResponse
			if m, err = w.Recv(); err == nil {
				err = r.printChanges(m)
			}
		}
		if interrupted.Err() != nil {
			err = nil // whoever interrupts has seen enough
		}
		return exitGood, err
	})
}

// printChanges prints what has happened, a line each.
func (r *remote) printChanges(m *adminv1.WatchResponse) error {
	if r.json {
		return r.print(m)
	}
	say := func(at time.Time, format string, args ...any) {
		fmt.Fprintf(r.std.out, "%s  %s\n", at.Local().Format(time.TimeOnly), shown(fmt.Sprintf(format, args...)))
	}
	if m.GetMissed() > 0 {
		say(time.Now(), "%d events were missed; the present states follow", m.GetMissed())
	}
	for _, p := range m.GetStates() {
		if b := p.GetBreaker(); b.GetState() != policyv1.BreakerStatus_STATE_CLOSED {
			say(b.GetSince().AsTime(), "%s %s %s: %s", p.GetKind(), p.GetName(), p.GetTarget(), strings.ToLower(strings.TrimPrefix(b.GetState().String(), "STATE_")))
		}
	}
	for _, e := range m.GetEvents() {
		if t := e.GetTransition(); t != nil {
			say(e.GetAt().AsTime(), "%s %s %s: %s → %s, because of %s (%d calls, %d failed, %d slow, %d overdue)", t.GetKind(), t.GetName(), t.GetTarget(),
				t.GetFrom(), t.GetTo(), t.GetCause(), t.GetCalls(), t.GetFailures(), t.GetSlow(), t.GetOverdue())
		} else if s := e.GetSteered(); s != nil {
			o := s.GetOverride()
			say(e.GetAt().AsTime(), "by hand: %s %s %s for %s by %s: %s", s.GetWhat(), strings.ToLower(strings.TrimPrefix(o.GetAction().String(), "ACTION_")),
				o.GetId(), scopeWords(o.GetScope()), cmp.Or(s.GetBy(), "itself"), o.GetReason())
		}
	}
	return nil
}
