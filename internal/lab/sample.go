package lab

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Sample is the results of runs with the seeds 1, 2, 3, and so on.
type Sample []Result

// Take runs a system against a world with so many seeds.
func Take(w *World, s System, rate, seeds int) (Sample, error) {
	all, errs := make(Sample, seeds), make([]error, seeds)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(seeds, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= seeds; i = int(next.Add(1)) {
				all[i-1], errs[i-1] = compared(w, s, rate, uint64(i)) //nolint:gosec // counts up
			}
		})
	}
	workers.Wait()
	return all, errors.Join(errs...)
}

// compared runs a seed, and once more without a guard if that takes a run of its own.
func compared(w *World, s System, rate int, seed uint64) (Result, error) {
	r, err := Run(w, s, rate, seed, nil)
	if err != nil || !w.Feedback {
		return r, err
	}
	without, err := Run(w, None(), rate, seed, nil)
	r.without(&without.Tally)
	r.Fault.without(&without.Fault)
	return r, err
}

// Spread is the middle one and the worst of some figures.
type Spread struct{ Median, Worst float64 }

// Highest returns the spread of a figure of which more is worse.
func (s Sample) Highest(figure func(*Result) float64) Spread { return s.spread(figure, 1) }

// Lowest returns the spread of a figure of which less is worse.
func (s Sample) Lowest(figure func(*Result) float64) Spread { return s.spread(figure, -1) }

func (s Sample) spread(figure func(*Result) float64, sign float64) Spread {
	all := make([]float64, len(s))
	for i := range s {
		all[i] = sign * figure(&s[i])
	}
	slices.Sort(all)
	return Spread{sign * all[len(all)/2], sign * all[len(all)-1]}
}

// Total returns the sum of a count.
func (s Sample) Total(count func(*Result) int) int {
	sum := 0
	for i := range s {
		sum += count(&s[i])
	}
	return sum
}

// Seconds returns a duration in seconds, and a year for Never.
func Seconds(d time.Duration) float64 {
	const year = 365 * 24 * time.Hour
	return min(d, year).Seconds()
}

// SparedPerLost returns how many calls in vain were spared for each good answer that was
// lost, over all runs. It is infinite, or so, if none was lost.
func (s Sample) SparedPerLost() float64 {
	lost, spared := s.Total(func(r *Result) int { return r.Lost() }), s.Total(func(r *Result) int { return r.Spared() })
	if lost <= 0 {
		return noneLost
	}
	return float64(spared) / float64(lost)
}

// noneLost stands for a quotient by nothing.
const noneLost = 1e9
