package main

import (
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// own is what is measured.
const own = "afloat"

// compare measures calls in turns: bare, bare again, guarded.
func compare(e measure.Effort, p *measure.Page, what string, f measure.Figure, goal *measure.Goal, bare, again, guarded func(int)) {
	sample := func(call func(int)) *measure.Sample { return &measure.Sample{Goroutines: 1, Call: call} }
	p.Compare(e, what, f, []measure.System{
		{Name: "bare", Sample: sample(bare)}, {Name: "bare", Sample: sample(again)}, {Name: own, Sample: sample(guarded), Goal: goal},
	})
}

// runs is how often what is done seldom is done.
const runs = 15

// repeat measures what is done seldom. Each run is readied first, which does not count.
func repeat(p *measure.Page, what string, most float64, ready func() (do func())) {
	ready()()
	var took []time.Duration
	var allocs float64
	for range runs {
		do := ready()
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		do()
		took = append(took, time.Since(begin))
		runtime.ReadMemStats(&after)
		allocs = float64(after.Mallocs - before.Mallocs)
	}
	add(p, what, most, took, allocs)
}

// add adds the median of several runs.
func add(p *measure.Page, what string, most float64, took []time.Duration, allocs float64) {
	slices.Sort(took)
	median := took[len(took)/2]
	p.Add(measure.Row{
		Measure: what, System: own, Goal: &measure.Goal{Most: most, Allocs: measure.AnyAllocs},
		Measured: float64(median) / float64(time.Millisecond), Noise: math.NaN(), Format: "%.2f ms",
		NS: float64(median), Allocs: allocs,
	})
}
