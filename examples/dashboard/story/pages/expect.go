package pages

import (
	"fmt"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/story/script"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
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

// noneSilent: no page lacked a part without marking it.
func noneSilent(f Figures) error {
	if f.Silent > 0 {
		return fmt.Errorf("%d pages lack a part and do not mark it; must be none", f.Silent)
	}
	return nil
}

// noneWrong: no marker says what must not be: the user is never missing, say.
func noneWrong(f Figures) error {
	if f.Wrong > 0 {
		return fmt.Errorf("%d markers are wrong, the first: %s; must be none", f.Wrong, f.FirstWrong)
	}
	return nil
}

// marked: the sick part is marked on the given share of pages, as being in one of
// the given states.
func marked(share float64, as degrade.State) expectation {
	return func(f Figures) error {
		n := 0
		for said, count := range f.Marked[f.Sick] {
			if strings.HasPrefix(said, as.String()) {
				n += count
			}
		}
		return atLeast(fmt.Sprintf("%s marked as %v", f.Sick, as), n, f.Requests, share)
	}
}

// inFull: the given share of pages was answered in full.
func inFull(share float64) expectation {
	return func(f Figures) error {
		return atLeast("answered in full", f.Full, f.Requests, share)
	}
}

// inFullAtTheEnd is inFull for the last second of the phase.
func inFullAtTheEnd(share float64) expectation {
	return func(f Figures) error {
		return atLeast("answered in full in the last second", f.LastSecondFull, f.LastSecond, share)
	}
}

// healthyParts: every part but the sick one is on the given share of pages.
func healthyParts(share float64) expectation {
	return func(f Figures) error {
		for _, part := range dashboard.Parts() {
			if part == f.Sick {
				continue
			}
			with := f.Requests - f.Failed - f.Without(part)
			if err := atLeast("answered with "+part, with, f.Requests, share); err != nil {
				return err
			}
		}
		return nil
	}
}

// reachedAtMost: no more calls than n, and less than the given share of what
// was asked for, came to the sick backend.
func reachedAtMost(n int, share float64) expectation {
	return func(f Figures) error {
		most := min(n, int(share*float64(f.Requests)))
		if f.Reached > most {
			return fmt.Errorf("calls that reached %s = %d of %d; must be at most %d", f.Sick, f.Reached, f.Requests, most)
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

// sickCutOff: the circuit of the sick backend is not closed.
func sickCutOff(f Figures) error {
	for _, c := range f.Circuits {
		if c.Part == f.Sick && c.State != breaker.Closed {
			return nil
		}
	}
	return fmt.Errorf("the circuit of %s is closed or not there; must be open or half_open", f.Sick)
}

// othersClosed: every circuit but that of the sick backend is closed.
func othersClosed(f Figures) error {
	for _, c := range f.Circuits {
		if c.Part != f.Sick && c.State != breaker.Closed {
			return fmt.Errorf("the circuit of %s is %v; must be closed", c.Part, c.State)
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
