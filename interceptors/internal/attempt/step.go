package attempt

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Step is one way to get a value. It must not be copied.
type Step[In, T any] struct {
	// Name is how reports and observers call it.
	Name string
	// State is what the value is when it comes from this step: Intact for the
	// first.
	State degrade.State

	get func(ctx context.Context, in In) (T, time.Time, error)
	// instant steps have their value at hand, and need no time.
	instant bool
	timeout time.Duration
	needs   time.Duration
	guard   *policy.Chain // nil: none

	maxRunning int64
	running    atomic.Int64
	// The errors of a step that was not started are made once, and so is that of one
	// that was left behind.
	tooMany, noTime, timeOver, cancelled error
	gaveUp                               error
}

// enter counts a step in that is about to run under ctx. In overtime one that has its
// value at hand needs no time.
func (s *Step[In, T]) enter(ctx context.Context, overtime bool) error {
	if err := ctx.Err(); err != nil && (!overtime || !s.instant) {
		if errors.Is(err, context.DeadlineExceeded) {
			return s.timeOver
		}
		return s.cancelled
	}
	if s.running.Add(1) > s.maxRunning {
		s.running.Add(-1)
		return s.tooMany
	}
	return nil
}

// leave counts a step out that has ended, however late.
func (s *Step[In, T]) leave() { s.running.Add(-1) }

// guarded gets the value under the policies of the step.
func (s *Step[In, T]) guarded(ctx context.Context, in In) (value T, asOf time.Time, err error) {
	if s.guard == nil {
		return s.get(ctx, in)
	}
	err = s.guard.Do(ctx, s.Name, func(ctx context.Context) (err error) {
		value, asOf, err = s.get(ctx, in)
		return err
	})
	return value, asOf, err
}
