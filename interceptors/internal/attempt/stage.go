package attempt

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// stage is a [Step] of a chain, and how many of it run. It must not be copied.
type stage[In, T any] struct {
	// name is how reports and observers call it.
	name string
	// state is what the value is when it comes from this stage: Intact for the
	// first.
	state degrade.State

	get func(ctx context.Context, in In) (T, time.Time, error)
	// keep keeps the values of the first step, for this one. Nil: nobody does.
	keep func(ctx context.Context, in In, value T)
	// instant stages have their value at hand, and need no time.
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

// refusals makes the errors of a stage of the labelled chain.
func (s *stage[In, T]) refusals(label string) {
	refusal := func(reason policy.Reason, err error) error {
		return &policy.Rejection{Kind: "fallback", Name: label, Method: s.name, Reason: reason, Err: err}
	}
	s.tooMany = refusal(policy.ReasonBulkheadFull, step.ErrRunning)
	s.noTime = refusal(policy.ReasonDeadlineTooNear, step.ErrNoTime)
	s.timeOver = refusal(policy.ReasonDeadlineTooNear, fmt.Errorf("%w: %w", step.ErrNoTime, context.DeadlineExceeded))
	s.cancelled = refusal(policy.ReasonCancelled, context.Canceled)
	s.gaveUp = fmt.Errorf("%s: %q did not end in time: %w", label, s.name, context.DeadlineExceeded)
}

// enter counts a step in that is about to run under ctx. In overtime one that has its
// value at hand needs no time.
func (s *stage[In, T]) enter(ctx context.Context, overtime bool) error {
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
func (s *stage[In, T]) leave() { s.running.Add(-1) }

// guarded gets the value under the policies of the stage.
func (s *stage[In, T]) guarded(ctx context.Context, in In) (value T, asOf time.Time, err error) {
	if s.guard == nil {
		return s.get(ctx, in)
	}
	err = s.guard.Run(ctx, s.name, func(ctx context.Context) (err error) {
		value, asOf, err = s.get(ctx, in)
		return err
	})
	return value, asOf, err
}
