// Package expect has the checks that several acts make of their figures. Each returns
// nil, or an error that says what is so and what must be.
package expect

import (
	"fmt"
	"slices"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// Unmet returns what is not as it must be of the figures of a phase.
func Unmet[F any, E ~func(F) error](f F, must []E) []error {
	var unmet []error
	for _, holds := range must {
		if err := holds(f); err != nil {
			unmet = append(unmet, err)
		}
	}
	return unmet
}

// AtLeast checks that n of some things are at least the given share of them. There must
// be some.
func AtLeast(what string, n, of int, share float64) error {
	if of > 0 && float64(n) >= share*float64(of) {
		return nil
	}
	return fmt.Errorf("%s = %d of %d; must be at least %.1f %%", what, n, of, 100*share)
}

// Within checks that something took no longer than it may.
func Within(what string, took, most time.Duration) error {
	if took > most {
		return fmt.Errorf("%s = %s; must be at most %s", what, script.Millis(took), script.Millis(most))
	}
	return nil
}

// ReachedAtMost checks that no more calls than n, and less than the given share of what
// was asked for, came to a sick backend.
func ReachedAtMost(reached map[string]int, requests, n int, share float64) error {
	most := min(n, int(share*float64(requests)))
	for backend, calls := range reached {
		if calls > most {
			return fmt.Errorf("calls that reached %s = %d of %d; must be at most %d", backend, calls, requests, most)
		}
	}
	return nil
}

// CutOff checks that the circuit of no sick backend is closed.
func CutOff(all []guards.Circuit, reached map[string]int) error {
	for backend := range reached {
		cutOff := func(c guards.Circuit) bool { return c.Service == backend && c.State != breaker.Closed }
		if !slices.ContainsFunc(all, cutOff) {
			return fmt.Errorf("the circuit of %s is closed or not there; must be open or half_open", backend)
		}
	}
	return nil
}

// OthersClosed checks that every circuit but those of sick backends is closed. One that is
// slow lets calls pass.
func OthersClosed(all []guards.Circuit, reached map[string]int) error {
	for _, c := range all {
		if _, sick := reached[c.Service]; !sick && c.State != breaker.Closed && c.State != breaker.Slow {
			return fmt.Errorf("the circuit of %s is %v; must be closed", c.Service, c.State)
		}
	}
	return nil
}
