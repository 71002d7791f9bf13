package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// state is the command that shows what a guard does.
type state struct {
	remote

	states            []policyv1.BreakerStatus_State
	overridden, check bool
	limit             int
}

// runState prints the policies of a process.
func runState(args []string, std stdio) int {
	s := state{remote: remote{command: "state", std: std}}
	exit, ok := s.parse(args, "[flags] [text]", func(flags *flag.FlagSet) {
		flags.Func("state", "the states of circuits to show, as in open,half_open", s.setStates)
		flags.BoolVar(&s.overridden, "overridden", false, "show what is overridden only")
		flags.IntVar(&s.limit, "limit", 0, "show so many at most (default all)")
		flags.BoolVar(&s.check, "check", false, "exit with 3 if a circuit that is shown is not closed, or an override is in force")
	})
	if !ok {
		return exit
	}
	if s.limit < 0 {
		return failed(std, fmt.Errorf("flag -limit = %d; must be 0 or more", s.limit))
	}
	f, err := s.filter()
	if err != nil {
		return failed(std, err)
	}
	f.States, f.Overridden = s.states, s.overridden
	return s.briefly(func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		m, err := s.gather(ctx, c, f)
		if err != nil {
			return 0, err
		}
		if s.json {
			err = s.print(m)
		} else {
			err = s.printTable(m)
		}
		return s.verdict(m), err
	})
}

// setStates reads a list of states.
func (s *state) setStates(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		value, ok := policyv1.BreakerStatus_State_value["STATE_"+strings.ToUpper(name)]
		if !ok || value == 0 {
			return fmt.Errorf("%q; must be closed, slow, open, half_open, forced_open or disabled", name)
		}
		s.states = append(s.states, policyv1.BreakerStatus_State(value))
	}
	return nil
}

// gather puts the pages together.
func (s *state) gather(ctx context.Context, c adminv1.AdminServiceClient, f *adminv1.Filter) (*adminv1.SnapshotResponse, error) {
	r := &adminv1.SnapshotRequest{Filter: f, WithoutRules: true, PageSize: pageSize}
	var all *adminv1.SnapshotResponse
	for {
		page, err := c.Snapshot(ctx, r)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = page
		} else {
			all.Policies = append(all.Policies, page.GetPolicies()...)
		}
		if n := len(all.GetPolicies()); s.limit > 0 && n >= s.limit {
			all.Policies = all.Policies[:s.limit]
			return all, nil
		}
		if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
			all.NextPageToken = ""
			return all, nil
		}
	}
}

// pageSize is how many policies are asked for at a time.
const pageSize = 5000

// verdict returns how the program ends.
func (s *state) verdict(m *adminv1.SnapshotResponse) int {
	if !s.check {
		return exitGood
	}
	if len(m.GetOverrides()) > 0 {
		return exitFound
	}
	for _, p := range m.GetPolicies() {
		if b := p.GetBreaker(); b != nil && !p.GetShadow() && b.GetState() != policyv1.BreakerStatus_STATE_CLOSED {
			return exitFound
		}
	}
	return exitGood
}

// printTable prints the policies that have a state, the overrides and the totals.
func (s *state) printTable(m *adminv1.SnapshotResponse) error {
	table := tabwriter.NewWriter(s.std.out, 0, 0, 2, ' ', 0)
	line(table, "KIND", "NAME", "TARGET", "STATE", "SINCE", "USUAL", "REFUSED", "OVERRIDE")
	for _, p := range m.GetPolicies() {
		if p.GetTimeout() != nil && s.kind == "" && p.GetOverride() == "" {
			continue // it has none
		}
		status, since, usual, refused := cellsOfPolicy(p)
		kind := p.GetKind()
		if p.GetShadow() {
			kind += " (shadow)"
		}
		line(table, shown(kind), shown(p.GetName()), shown(p.GetTarget()), status, since, usual, refused, shown(p.GetOverride()))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(s.std.out)
	if len(m.GetOverrides()) > 0 {
		printOverrides(s.std.out, m.GetOverrides())
		fmt.Fprintln(s.std.out)
	}
	_, err := fmt.Fprintln(s.std.out, totalsLine(m.GetTotals()))
	return err
}

// cellsOfPolicy returns how a policy stands.
func cellsOfPolicy(p *policyv1.LivePolicy) (status, since, usual, refused string) {
	switch {
	case p.GetBreaker() != nil:
		b := p.GetBreaker()
		status = strings.ToLower(strings.TrimPrefix(b.GetState().String(), "STATE_"))
		if b.GetCalls() > 0 {
			status += fmt.Sprintf(", %d of %d failed", b.GetFailures(), b.GetCalls())
		}
		if b.GetUsual() != nil {
			usual = b.GetUsual().AsDuration().Round(100 * time.Microsecond).String()
		}
		return status, howLong(b.GetSince().AsTime()), usual, strconv.FormatUint(b.GetRejected(), 10)
	case p.GetBulkhead() != nil:
		b := p.GetBulkhead()
		status = fmt.Sprintf("%d of %d places", b.GetInFlight(), b.GetConfig().GetMaxConcurrent())
		if b.GetConfig().GetMaxStreams() > 0 {
			status += fmt.Sprintf(", %d of %d streams", b.GetStreams(), b.GetConfig().GetMaxStreams())
		}
		if b.GetConfig().GetMaxQueue() > 0 {
			status += fmt.Sprintf(", %d waiting", b.GetWaiting())
		}
		return status, "", "", strconv.FormatUint(b.GetRejected(), 10)
	case p.GetRateLimit() != nil:
		l := p.GetRateLimit()
		return fmt.Sprintf("%.0f of %d tokens, %d waiting", l.GetTokens(), l.GetConfig().GetBurst(), l.GetWaiting()), "", "", strconv.FormatUint(l.GetRejected(), 10)
	case p.GetFault() != nil:
		f := p.GetFault()
		return fmt.Sprintf("%d delayed, %d failed", f.GetDelayed(), f.GetAborted()), "", "", ""
	default:
		return "", "", "", ""
	}
}

// howLong returns how long ago something was, in two units at most.
func howLong(t time.Time) string {
	d := max(0, time.Since(t))
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return d.Round(100 * time.Millisecond).String()
	}
}

// totalsLine returns the totals in a line.
func totalsLine(t *adminv1.Totals) string {
	var circuits []string
	for _, c := range t.GetCircuits() {
		if c.GetCircuits() > 0 {
			circuits = append(circuits, fmt.Sprintf("%d %s", c.GetCircuits(), strings.ToLower(strings.TrimPrefix(c.GetState().String(), "STATE_"))))
		}
	}
	if circuits == nil {
		circuits = []string{"none"}
	}
	text := fmt.Sprintf("circuits: %s; in flight: %d; refused: %d; overrides: %d", strings.Join(circuits, ", "), t.GetInFlight(), t.GetRejected(), t.GetOverrides())
	if refused := t.GetLastRefused(); refused != nil {
		text += fmt.Sprintf("\nthe last change of the rules that was refused, at %s:\n%s", refused.GetAt().AsTime().Format(time.RFC3339), shownLines(refused.GetFaults()))
	}
	return text
}
