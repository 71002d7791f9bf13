package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"text/tabwriter"
	"time"
)

// patience is how long what must come to an end may take.
const patience = 20 * time.Second

// eventually waits until f holds, and reports whether it does.
func eventually(ctx context.Context, f func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !f() {
		if sleep(ctx, 10*time.Millisecond) != nil {
			return f()
		}
	}
	return true
}

// ending is a system whose callers have gone.
type ending struct{ *system }

// settle waits until every call in every tier has ended, also those whose streams only
// the collector finds.
func (s ending) settle(ctx context.Context) {
	for _, t := range s.tiers {
		t.finish(s.broken)
	}
	quiet := eventually(ctx, func() bool {
		runtime.GC()
		for _, t := range s.tiers {
			m, err := t.collect(ctx)
			if err != nil || t.inFlight() != 0 || t.places(s.broken) != 0 || m.sum("afloat.server.overruns.running") != 0 {
				return false
			}
		}
		return s.audits.acquired.Load() == s.audits.settled.Load()
	})
	if quiet {
		return
	}
	for _, t := range s.tiers {
		s.broken.add("places", "%s: %d calls have not ended %v after the last one, %d places are taken", t.tier, t.inFlight(), patience, t.places(s.broken))
	}
}

// checkBooks compares the books of everybody.
func (s ending) checkBooks(ctx context.Context) {
	s.audits.check()
	meters := make([]meter, 0, len(s.tiers))
	for _, t := range s.tiers {
		t.check(s.broken)
		m, err := t.collect(ctx)
		s.must("telemetry", err)
		for _, sum := range []string{"bulkhead.active", "bulkhead.queued", "rate_limit.queued"} {
			for _, side := range []string{"client", "server"} {
				agree(s.broken, t.tier+": "+sum+" at the end", 0, m.sum("afloat."+side+"."+sum))
			}
		}
		agree(s.broken, t.tier+": handlers that run on at the end", 0, m.sum("afloat.server.overruns.running"))
		agree(s.broken, t.tier+": steps left behind at the end", 0, m.sum("afloat.step.abandoned"))
		meters = append(meters, m)
	}
	callers, front := meters[0], meters[1]
	s.local.check(callers)
	agree(s.broken, "calls", s.books.made.Load(), callers.all("client"))
	agree(s.broken, "refused calls", s.books.refused.Load(), callers.refused("client"))
	agree(s.broken, "leaked streams", s.tiers[0].leaked.Load(), callers.sum("afloat.client.leaked_streams"))
	// A rule may end a stream before the collector finds it, but hardly each of many.
	if leaked, dropped := s.tiers[0].leaked.Load(), s.books.dropped.Load(); leaked > dropped || leaked == 0 && dropped > 10 {
		s.broken.add("settled", "%d streams were reaped, %d dropped", leaked, dropped)
	}
	f := s.front
	calls := front.sum("afloat.server.calls")
	agree(s.broken, "calls at the front", f.arrived.Load(), front.all("server"))
	agree(s.broken, "calls that the front admitted", f.handled.Load(), calls)
	agree(s.broken, "plans", f.runs.Load(), front.sum("afloat.plan.runs"))
	agree(s.broken, "degraded pages", f.degradedPages.Load(),
		front.sum("afloat.server.degraded_responses", "rpc.method", service[1:]+"/GetPage"))
}

// checkEnds checks that goroutines and connections are back where they were, and that no
// span was left open but those of attempts that gRPC itself never ends.
func (s ending) checkEnds(ctx context.Context, base int) {
	for _, h := range append(s.hosts(), s.front.host) {
		if !eventually(ctx, func() bool { return h.open.Load() == 0 }) {
			s.broken.add("ends", "%d connections of %s are open", h.open.Load(), h.addr)
		}
	}
	for _, t := range s.tiers {
		if !eventually(ctx, func() bool { return t.spans.open() == t.rpcs.open() }) {
			s.broken.add("telemetry", "%s: %d of %d spans have not ended, %d of gRPC's attempts: %.1000s", t.tier, t.spans.open(), t.spans.started.Load(), t.rpcs.open(), t.spans.names())
		}
	}
	if !eventually(ctx, func() bool { return runtime.NumGoroutine() <= base }) {
		s.broken.add("ends", "%d goroutines, %d at the beginning", runtime.NumGoroutine(), base)
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) // best effort
	}
}

// summary prints what the run was made of.
func (s ending) summary(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	row := func(what, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	b := &s.books
	row("ran", "%v, seed %d, %d callers", time.Since(s.began).Round(time.Second), s.seed, s.callers)
	row("calls", "%d: %d whole, %d degraded, %d failed, of them %d refused by the callers' own guards",
		b.made.Load(), b.answered.Load(), b.degraded.Load(), b.failed.Load(), b.refused.Load())
	row("streams", "%d, %d dropped, %d of them reaped", b.streams.Load(), b.dropped.Load(), s.tiers[0].leaked.Load())
	row("functions", "%d ran, %d refused, %d panicked", s.local.ran.Load(), s.local.refused.Load(), s.local.panicked.Load())
	row("permits", "%d acquired, %d settled", s.audits.acquired.Load(), s.audits.settled.Load())
	row("plans", "%d, %d of the pages degraded", s.front.runs.Load(), s.front.degradedPages.Load())
	for _, t := range s.tiers {
		snap := t.set.Snapshot()
		row("rules of "+t.tier, "%d applied, %d refused, %d calls refused, %d calls beyond the bound of keys", snap.Applied, snap.Refused, t.rejected.Load(), snap.Overflowed)
	}
	for _, t := range s.tiers {
		row("refused by "+t.tier, "%s", t.reasons())
	}
	for _, t := range s.tiers {
		row("attempts of "+t.tier, "%d, %d that gRPC never ended", t.rpcs.tagged.Load(), t.rpcs.open())
	}
	row("heap", "%d KiB after the last of %d collections", s.heap.last()>>10, len(s.heap.samples))
	if s.broken.any() {
		row("holds", "no")
	} else {
		row("holds", "places, settled, markers, users, edge, errors, telemetry, memory, ends")
	}
}
