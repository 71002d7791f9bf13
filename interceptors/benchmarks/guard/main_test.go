package main

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// quick is enough for allocations.
var quick = measure.Effort{Rounds: 1, Slice: time.Millisecond}

// named returns the sample of that name.
func named(t *testing.T, systems []measure.System, name string) *measure.Sample {
	t.Helper()
	for _, s := range slices.Backward(systems) {
		if s.Name == name {
			return s.Sample
		}
	}
	t.Fatalf("nothing is called %q", name)
	return nil
}

func TestAllocationsOfCalls(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	for _, p := range promises() {
		if p.load.goroutines > 1 {
			continue
		}
		ctx, cancel := p.load.caller(t.Context())
		systems, err := p.load.systems(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{peers.NameAfloat, slowAfter} {
			s := named(t, systems, name)
			measure.Run([]*measure.Sample{s}, quick.Rounds, quick.Slice)
			if got := s.Allocs(); got > 0.1 && !raceEnabled {
				t.Errorf("%v: %s: %v allocations; want none", p.load, name, got)
			}
		}
		cancel()
	}
}

// The built-in rule alone makes a context, and only for a caller without a deadline.
func TestAllocationsByTheBuiltInRule(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	for deadline, most := range map[bool]float64{true: 0.1, false: 5.1} {
		l := load{admitted, 1, 1, deadline}
		ctx, cancel := l.caller(t.Context())
		s, err := l.sample(ctx, peers.Peer{Name: builtIn, New: peers.BuiltIn})
		if err != nil {
			t.Fatal(err)
		}
		measure.Run([]*measure.Sample{s}, quick.Rounds, quick.Slice)
		if got := s.Allocs(); (got > most || !deadline && got < 1) && !raceEnabled {
			t.Errorf("%v: %v allocations; want %v at most", l, got, most)
		}
		cancel()
	}
}

// Rules that are data cost what rules of code do, however many they are.
func TestAllocationsByARuleset(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	for _, methods := range []int{1, 10_000} {
		systems, err := rulesetSystems(t.Context(), load{admitted, methods, 1, true})
		if err != nil {
			t.Fatal(err)
		}
		s := systems[byRuleset].Sample
		measure.Run([]*measure.Sample{s}, quick.Rounds, quick.Slice)
		if got := s.Allocs(); got > 0.1 && !raceEnabled {
			t.Errorf("%d methods: %v allocations; want none", methods, got)
		}
	}
}

// Every figure that the project speaks of is on the page.
func TestRunPrintsEverything(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	if raceEnabled {
		t.Skip("there is nothing concurrent in it, and it takes half a minute")
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, quick); err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`  +`).ReplaceAllString(out.String(), "  ")
	for _, want := range []string{
		"measure  system  to reach  measured  noise  ns  allocations",
		"admitted, serial  breaker + bulkhead  ≤ 0.50, 0 allocations  ",
		"admitted, serial  the built-in rule  ≤ 0.50, 0 allocations  ",
		"admitted, serial  the same with SlowAfter  ≤ 0.75, 0 allocations  ",
		"admitted, serial, no deadline  breaker + bulkhead  ≤ 0.50, 0 allocations  ",
		"admitted, serial, no deadline  the same with SlowAfter  ≤ 0.75, 0 allocations  ",
		"admitted, 32 goroutines on one method  breaker + bulkhead  ≤ 0.30, 0 allocations  ",
		"admitted, 10000 methods in turn  breaker + bulkhead  ≤ 0.70, 0 allocations  ",
		"admitted, 10000 methods in turn, no deadline  breaker + bulkhead  ≤ 0.70, 0 allocations  ",
		"refused, serial  breaker + bulkhead  ≤ 0.90, 0 allocations  ",
		"refused, serial, no deadline  breaker + bulkhead  ≤ 0.90, 0 allocations  ",
		"failing with a status, serial  breaker + bulkhead  ≤ 1.00, 0 allocations  ",
		"failing with a plain error, serial  breaker + bulkhead  ≤ 1.00, 0 allocations  ",
		"a function, failing with a plain error, serial  Chain.Run, breaker + bulkhead  ≤ 1.00, 0 allocations  ",
		"a function, failing with a plain error, serial  policy.Run, a breaker alone  ≤ 1.00, 0 allocations  ",
		"memory a method, at 10000  breaker + bulkhead  ≤ 900 bytes  ",
		"admitted, serial, more than observed by nobody  telemetry, no-op providers  ≤ +25 ns, 0 allocations  ",
		"admitted, serial, more than observed by nobody  telemetry, the SDK's metrics  ≤ +220 ns, 0 allocations  ",
		"refused, serial, more than observed by nobody  telemetry, the SDK's metrics  ",
		"admitted, serial, of failsafe-go  breaker + bulkhead  ≤ 0.17, 0 allocations  ",
		"of admitted, serial  breaker + bulkhead: refused, serial  ≤ 1.00, 0 allocations  ",
		"admitted, serial, of rules of code  a ruleset  ≤ 1.05, 0 allocations  ",
		"admitted, 10000 methods in turn, of rules of code  a ruleset  ≤ 1.05, 0 allocations  ",
		"a stream, opened and ended, more than bare  breaker + bulkhead  4 allocations more  ",
		"a message of a stream, more than bare  breaker + bulkhead  0 allocations  ",
		"a call over gRPC, CPU time of bare  breaker + bulkhead  ≤ 1.100, 0.4 allocations more  ",
		"promises, ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("nothing about %q in:\n%s", want, out.String())
		}
	}
	for _, guard := range []string{
		peers.NameGobreaker, peers.NameCounting, peers.NameGobreaker + ", and a timeout", builtIn, peers.NameFailsafe, peers.NameNone,
	} {
		if want := "admitted, serial, no deadline  " + guard + "  "; !strings.Contains(page, want) {
			t.Errorf("nothing about %q in:\n%s", want, out.String())
		}
	}
}

// checkPromisedAllocations measures a part and checks that it allocates as promised.
func checkPromisedAllocations(t *testing.T, part func(context.Context, measure.Effort, *measure.Page) error) {
	t.Helper()
	var p measure.Page
	if err := part(t.Context(), quick, &p); err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Rows() {
		if r.Goal == nil {
			continue
		}
		r.Goal = &measure.Goal{Allocs: r.Goal.Allocs, Over: r.Goal.Over} // times are not a test's
		if r.Verdict() != "kept" && !raceEnabled {
			t.Errorf("%s, %s: %v allocations, %v bare; want %+v", r.Measure, r.System, r.Allocs, r.Bare, *r.Goal)
		}
	}
}

func TestTelemetryAllocatesNothing(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	checkPromisedAllocations(t, observed)
}

func TestFailingFunctionsAllocateNothing(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	checkPromisedAllocations(t, functions)
}

func TestEndToEndAllocatesNoMore(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	checkPromisedAllocations(t, endToEnd)
}

// The stream itself and four of the guard's; its messages cost none.
func TestAllocationsOfStreams(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	checkPromisedAllocations(t, streams)
}

func TestBadFlagsAreNamed(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]measure.Effort{
		"flag -rounds = 0; must be in [1, 1000]":    {Rounds: 0, Slice: time.Second},
		"flag -rounds = 1001; must be in [1, 1000]": {Rounds: 1001, Slice: time.Second},
		"flag -slice = 1ns; must be in [1ms, 10s]":  {Rounds: 1, Slice: 1},
		"flag -slice = 11s; must be in [1ms, 10s]":  {Rounds: 1, Slice: 11 * time.Second},
	} {
		if err := run(t.Context(), &bytes.Buffer{}, e); err == nil || err.Error() != want {
			t.Errorf("error = %v; want %s", err, want)
		}
	}
}
