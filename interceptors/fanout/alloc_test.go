package fanout_test

import (
	"context"
	"testing"

	"github.com/afloat-go/afloat/interceptors/fanout"
)

// A plan of three sources costs six allocations, a larger one seven, however many
// sources there are: the run, a channel, a timer and its function, the goroutines'
// function, the list of the tasks, and the tasks themselves, which the sources of one
// type share.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	for n, want := range map[int]float64{3: 6, 10: 7, 100: 7} {
		p, values := instant(t, n), make([]string, n)
		got := testing.AllocsPerRun(200, func() {
			if _, err := p.Gather(t.Context(), 1, values); err != nil {
				t.Error(err)
			}
		})
		if got > want && !raceEnabled {
			t.Errorf("%d sources: %v allocations; want %v", n, got, want)
		}
	}
}

// Sources of different types have an allocation each.
func TestAllocationsOfDifferentTypes(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	type page struct {
		text   string
		number int
		ready  bool
	}
	p, err := fanout.NewPlan(
		"page",
		fanout.Optional("text", func(context.Context, int) (string, error) { return "a", nil }, func(p *page, v string) { p.text = v }),
		fanout.Optional("number", func(context.Context, int) (int, error) { return 1, nil }, func(p *page, v int) { p.number = v }),
		fanout.Optional("ready", func(context.Context, int) (bool, error) { return true, nil }, func(p *page, v bool) { p.ready = v }),
	)
	if err != nil {
		t.Fatal(err)
	}
	var got page
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := p.Gather(t.Context(), 1, &got); err != nil {
			t.Error(err)
		}
	})
	if want := 8.0; allocs > want && !raceEnabled {
		t.Errorf("%v allocations; want %v", allocs, want)
	}
}
