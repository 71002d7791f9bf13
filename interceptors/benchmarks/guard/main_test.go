package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// quick is enough for allocations.
var quick = effort{rounds: 1, slice: time.Millisecond}

func TestAllocationsOfCalls(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	for _, l := range []load{{admitted, 1, 1}, {admitted, 100, 1}, {refused, 1, 1}} {
		samples, err := l.samples()
		if err != nil {
			t.Fatal(err)
		}
		quick.measure(samples...)
		if got := samples[afloat].Allocs(); got > 0.1 && !raceEnabled {
			t.Errorf("%+v: %v allocations; want none", l, got)
		}
	}
}

// Rules that are data cost what rules of code do, however many they are.
func TestAllocationsByARuleset(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	for _, methods := range []int{1, 10_000} {
		samples, err := rulesetSamples(load{admitted, methods, 1})
		if err != nil {
			t.Fatal(err)
		}
		quick.measure(samples...)
		if got := samples[byRuleset].Allocs(); got > 0.1 && !raceEnabled {
			t.Errorf("%d methods: %v allocations; want none", methods, got)
		}
	}
}

func TestRunPrintsEverything(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	if raceEnabled {
		t.Skip("there is nothing concurrent in it, and it takes half a minute")
	}
	var out bytes.Buffer
	if err := run(&out, quick); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"gobreaker + semaphore", "failsafegrpc", "10000", "refused", "failing", "of a ruleset", "observed by", "a stream", "a call over gRPC", "promise",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing about %q in:\n%s", want, out.String())
		}
	}
}

func TestTelemetryAllocatesNothing(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	var p promises
	if err := observed(&bytes.Buffer{}, quick, &p); err != nil {
		t.Fatal(err)
	}
	for i, s := range p.observed {
		if got := s.Allocs(); got > 0.1 && !raceEnabled {
			t.Errorf("observed by %s: %v allocations; want none", observers()[i].name, got)
		}
	}
}

func TestEndToEndAllocatesNoMore(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	var p promises
	if err := endToEnd(&bytes.Buffer{}, quick, &p); err != nil {
		t.Fatal(err)
	}
	if extra := p.remote[2].Allocs() - p.remote[0].Allocs(); extra > 0.5 && !raceEnabled {
		t.Errorf("%v allocations more than bare", extra)
	}
}

// The stream itself and nine of the guard's.
func TestAllocationsOfStreams(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	samples, err := streamSamples(0)
	if err != nil {
		t.Fatal(err)
	}
	measure.Run(samples, 1, time.Millisecond)
	if got := samples[0].Allocs(); got > 10.1 && !raceEnabled {
		t.Errorf("%v allocations for a stream; want 10", got)
	}
}

func TestBadFlagsAreNamed(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]effort{
		"flag -rounds = 0; must be in [1, 1000]":    {0, time.Second},
		"flag -rounds = 1001; must be in [1, 1000]": {1001, time.Second},
		"flag -slice = 1ns; must be in [1ms, 10s]":  {1, 1},
		"flag -slice = 11s; must be in [1ms, 10s]":  {1, 11 * time.Second},
	} {
		if err := run(&bytes.Buffer{}, e); err == nil || err.Error() != want {
			t.Errorf("error = %v; want %s", err, want)
		}
	}
}
