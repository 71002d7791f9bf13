package main

import (
	"math"

	"github.com/afloat-go/afloat/internal/lab"
)

// kept and those below are figures of one run.
func kept(r *lab.Result) float64        { return r.Kept() }
func keptInFault(r *lab.Result) float64 { return r.Fault.Kept() }
func refused(r *lab.Result) float64     { return float64(r.Calls - r.Sent) }
func slow(r *lab.Result) float64        { return float64(r.Slow) }
func vain(r *lab.Result) float64        { return r.Vain() }
func timeBack(r *lab.Result) float64    { return lab.Seconds(r.Back) }
func outageShare(r *lab.Result) float64 { return r.OutageShare() }
func settled(r *lab.Result) float64     { return r.SettledShare() }
func transitions(r *lab.Result) float64 { return float64(r.Transitions) }

// probes returns what a fleet sends into an outage, of the service's capacity.
func probes(r *lab.Result) float64 { return r.OutageShare() / 1.2 }

// spread makes a figure of one run into one of a sample of afloat's.
type spread func(s lab.Sample) lab.Spread

func highest(figure func(*lab.Result) float64) spread {
	return func(s lab.Sample) lab.Spread { return s.Highest(figure) }
}

func lowest(figure func(*lab.Result) float64) spread {
	return func(s lab.Sample) lab.Spread { return s.Lowest(figure) }
}

func (f spread) median(b book, w *lab.World, rate int) float64 {
	return f(b.of(w.Name, nameAfloat, rate)).Median
}

func (f spread) worst(b book, w *lab.World, rate int) float64 {
	return f(b.of(w.Name, nameAfloat, rate)).Worst
}

// fewest returns the least of a figure of which more is better.
func fewest(figure func(*lab.Result) float64) func(book, *lab.World, int) float64 {
	return lowest(figure).worst
}

// preferringSpeed returns the slow answers in the fault, of all calls in it, with the
// setting for speed.
func preferringSpeed(b book, w *lab.World, rate int) float64 {
	s := b.of(w.Name, nameSpeed, rate)
	return s.Highest(func(r *lab.Result) float64 { return r.Fault.SlowShare() }).Median
}

// sparedWhereLost returns how many calls in vain are spared for a good answer that is
// lost, where more than a hundredth is lost.
func sparedWhereLost(b book, w *lab.World, rate int) float64 {
	s := b.of(w.Name, nameAfloat, rate)
	if 100*lostIn(s) <= s.Total(func(r *lab.Result) int { return r.Possible }) {
		return math.Inf(1)
	}
	return s.SparedPerLost()
}

func lostIn(s lab.Sample) int { return s.Total(func(r *lab.Result) int { return r.Lost() }) }

// ofBestByHand returns the slow answers of all runs, as a multiple of those of the best
// setting by hand. One answer a run more or less decides nothing.
func ofBestByHand(b book, w *lab.World, rate int) float64 {
	best := math.MaxInt
	for _, s := range byHandEach() {
		best = min(best, slowIn(b.of(w.Name, s.Name, rate)))
	}
	own := b.of(w.Name, nameAfloat, rate)
	return float64(slowIn(own)) / float64(best+len(own))
}

func slowIn(s lab.Sample) int { return s.Total(func(r *lab.Result) int { return r.Slow }) }
