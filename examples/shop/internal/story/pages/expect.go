package pages

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/expect"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// expectation checks the figures of a phase and says what is not as it must be.
type expectation func(f Figures) error

// noneFailed checks that every page was answered.
func noneFailed(f Figures) error {
	if f.Failed > 0 {
		return fmt.Errorf("%d of %d requests failed (the first: %w); must be none", f.Failed, f.Requests, f.FirstError)
	}
	return nil
}

// markedExactly checks that every page says of its parts what it must, and no more.
func markedExactly(f Figures) error {
	if f.Wrong > 0 {
		return fmt.Errorf("%d pages have wrong, missing or superfluous markers (the first: %w); must be none", f.Wrong, f.FirstWrong)
	}
	return nil
}

// marked checks that the part that suffers is marked on the given share of pages.
func marked(share float64) expectation {
	return func(f Figures) error {
		return expect.AtLeast(pathAtEdge(f.Suffers)+" marked", f.Without(f.Suffers), f.Requests, share)
	}
}

// settled checks that the given share of pages of the last second was as good as it must
// be by then.
func settled(share float64) expectation {
	return func(f Figures) error {
		return expect.AtLeast("as they must be in the last second", f.Settled, f.LastSecond, share)
	}
}

// reachedAtMost checks that no more calls than n, and less than the given share of what
// was asked for, came to a sick backend.
func reachedAtMost(n int, share float64) expectation {
	return func(f Figures) error { return expect.ReachedAtMost(f.Reached, f.Requests, n, share) }
}

// p99Within checks that 99 % of the pages came within d.
func p99Within(d time.Duration) expectation {
	return func(f Figures) error { return expect.Within("p99", f.P99, d) }
}

// p50Near checks that half of the pages came nearly as fast as in the healthy phase.
func p50Near(healthy *Figures, slack time.Duration) expectation {
	return func(f Figures) error {
		if most := healthy.P50 + slack; f.P50 > most {
			return fmt.Errorf("p50 = %s; must be at most %s (%s when all is well, and %s)",
				script.Millis(f.P50), script.Millis(most), script.Millis(healthy.P50), script.Millis(slack))
		}
		return nil
	}
}

// ruleChanged checks that rules with a slip of the pen are refused, or the story ends
// before this; a rule that is added works on the circuit that there is, which stays as
// it is.
func ruleChanged(f Figures) error {
	c := f.Change
	switch {
	case c.Refused == nil:
		return errors.New("alerts have no circuit, and their rule was not changed; must have one")
	case !strings.Contains(c.Refused.Error(), slip):
		return fmt.Errorf("rules refused: %w; must name %s", c.Refused, slip)
	case !c.Kept || !c.Obeyed:
		return fmt.Errorf("the circuit is the same: %v, and obeys the new rule: %v; must be both", c.Kept, c.Obeyed)
	case c.Was == breaker.Closed || c.Is == breaker.Closed:
		return fmt.Errorf("the circuit was %v before the rules changed and is %v after; must be closed neither before nor after", c.Was, c.Is)
	}
	return nil
}

// sickLetIn checks that the circuits of sick backends are closed.
func sickLetIn(f Figures) error { return expect.OthersClosed(f.Circuits, nil) }

// sickCutOff checks that the circuit of no sick backend is closed.
func sickCutOff(f Figures) error { return expect.CutOff(f.Circuits, f.Reached) }

// othersClosed checks that every circuit but those of sick backends is closed.
func othersClosed(f Figures) error { return expect.OthersClosed(f.Circuits, f.Reached) }
