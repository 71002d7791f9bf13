package main

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// quick is enough for allocations.
var quick = measure.Effort{Rounds: 1, Slice: time.Millisecond}

// Calls cost no more allocations than this over bare ones. What gRPC allocates now and then
// of its own is part of the figure, hence the half. Of a caller without a deadline, a
// context of its own and the deadline on the wire cost as many if the caller makes them.
func TestAllocationsOfCalls(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var p measure.Page
	for _, part := range []func(context.Context, measure.Effort, *measure.Page) error{streams, calls} {
		if err := part(t.Context(), quick, &p); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]float64{}
	for _, r := range p.Rows() {
		got[r.Measure] = r.Allocs - r.Bare // the last of each is what is measured
	}
	for what, most := range map[string]float64{
		"a client's stream, opened and ended, more than bare": 4,
		"a client's unary call, built-in rule":                0,
		"the same of a caller without a deadline":             15,
		"a server's unary call, built-in rule":                10,
	} {
		if n, ok := got[what]; !ok || n > most+0.5 {
			t.Errorf("%s: %+.1f allocations, measured %v; want %v at most", what, n, ok, most)
		}
	}
	if bounded := got["bare, the caller sets a timeout for each call"]; got["the same of a caller without a deadline"] > bounded+0.5 {
		t.Errorf("a caller without a deadline costs more than the %+.1f allocations of one that sets a timeout", bounded)
	}
}

func TestFaultsOfFlags(t *testing.T) {
	t.Parallel()
	for _, e := range []measure.Effort{{Slice: time.Second}, {Rounds: 1}} {
		if err := run(t.Context(), io.Discard, e); err == nil {
			t.Errorf("%+v: no error", e)
		}
	}
}
