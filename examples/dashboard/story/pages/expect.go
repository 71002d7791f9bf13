package pages

import (
	"fmt"
	"slices"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/circuits"
	"github.com/afloat-go/afloat/examples/dashboard/story/script"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// expectation checks the figures of a phase and says what is not as it must be.
type expectation func(f Figures) error

// noneFailed: every page was answered.
func noneFailed(f Figures) error {
	if f.Failed > 0 {
		return fmt.Errorf("%d of %d requests failed (the first: %w); must be none", f.Failed, f.Requests, f.FirstError)
	}
	return nil
}

// markedExactly: every page says of its parts what it must, and no more.
func markedExactly(f Figures) error {
	if f.Wrong > 0 {
		return fmt.Errorf("%d pages have wrong, missing or superfluous markers (the first: %w); must be none", f.Wrong, f.FirstWrong)
	}
	return nil
}

// marked: the part that suffers is marked on the given share of pages.
func marked(share float64) expectation {
	return func(f Figures) error {
		return atLeast(pathAtEdge(f.Suffers)+" marked", f.Without(f.Suffers), f.Requests, share)
	}
}

// settled: the given share of pages of the last second was as good as it must be by
// then.
func settled(share float64) expectation {
	return func(f Figures) error {
		return atLeast("as they must be in the last second", f.Settled, f.LastSecond, share)
	}
}

// reachedAtMost: no more calls than n, and less than the given share of what
// was asked for, came to a sick backend.
func reachedAtMost(n int, share float64) expectation {
	return func(f Figures) error {
		most := min(n, int(share*float64(f.Requests)))
		for backend, reached := range f.Reached {
			if reached > most {
				return fmt.Errorf("calls that reached %s = %d of %d; must be at most %d", backend, reached, f.Requests, most)
			}
		}
		return nil
	}
}

// p99Within: 99 % of the pages came within d.
func p99Within(d time.Duration) expectation {
	return func(f Figures) error {
		if f.P99 > d {
			return fmt.Errorf("p99 = %s; must be at most %s", script.Millis(f.P99), script.Millis(d))
		}
		return nil
	}
}

// p50Near: half of the pages came nearly as fast as in the healthy phase.
func p50Near(healthy *Figures, slack time.Duration) expectation {
	return func(f Figures) error {
		if most := healthy.P50 + slack; f.P50 > most {
			return fmt.Errorf("p50 = %s; must be at most %s (%s when all is well, and %s)",
				script.Millis(f.P50), script.Millis(most), script.Millis(healthy.P50), script.Millis(slack))
		}
		return nil
	}
}

// sickCutOff: the circuit of no sick backend is closed.
func sickCutOff(f Figures) error {
	for backend := range f.Reached {
		cutOff := func(c circuits.Circuit) bool { return c.Service == backend && c.State != breaker.Closed }
		if !slices.ContainsFunc(f.Circuits, cutOff) {
			return fmt.Errorf("the circuit of %s is closed or not there; must be open or half_open", backend)
		}
	}
	return nil
}

// othersClosed: every circuit but those of sick backends is closed.
func othersClosed(f Figures) error {
	for _, c := range f.Circuits {
		if _, sick := f.Reached[c.Service]; !sick && c.State != breaker.Closed {
			return fmt.Errorf("the circuit of %s is %v; must be closed", c.Service, c.State)
		}
	}
	return nil
}

func atLeast(what string, n, of int, share float64) error {
	if of > 0 && float64(n) >= share*float64(of) {
		return nil
	}
	return fmt.Errorf("%s = %d of %d; must be at least %.1f %%", what, n, of, 100*share)
}
