package attempt

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Answer is what came of a run.
type Answer[T any] struct {
	Value  T
	detour *detour // nil if the first step answered
}

// detour is the way of a run that the first step did not answer.
type detour struct {
	failures []error        // of the steps before the one that answered, or of all
	ended    policy.Instant // when the first step failed, zero if somebody else ran it
	won      *try           // nil: none answered
	age      time.Duration  // of the value, where the step says so
}

// Step returns which one answered, zero if none did.
func (a *Answer[T]) Step() int {
	if a.detour == nil || a.detour.won == nil {
		return 0
	}
	return a.detour.won.step
}

// Age returns how old the value is, where the step says so.
func (a *Answer[T]) Age() time.Duration {
	if a.detour == nil {
		return 0
	}
	return a.detour.age
}

// Failures returns the errors of the steps before the one that answered, or of all
// steps if none did.
func (a *Answer[T]) Failures() []error {
	if a.detour == nil {
		return nil
	}
	return a.detour.failures
}

// Ended returns when the first step failed, zero if it did not.
func (a *Answer[T]) Ended() policy.Instant {
	if a.detour == nil {
		return 0
	}
	return a.detour.ended
}
