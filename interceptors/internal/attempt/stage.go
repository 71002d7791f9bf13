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

	label string // of the chain
	// made are the errors of refused, once there are any.
	made atomic.Pointer[refusals]
}

// refusals are the errors of a step that was not started, or was left behind. They are
// made once, and only where there is one.
type refusals struct{ tooMany, noTime, timeOver, cancelled, gaveUp error }

// refused returns the errors of the stage.
func (s *stage[In, T]) refused() *refusals {
	if r := s.made.Load(); r != nil {
		return r
	}
	refusal := func(reason policy.Reason, err error) error {
		return &policy.Rejection{Kind: "fallback", Name: s.label, Method: s.name, Reason: reason, Err: err}
	}
	s.made.CompareAndSwap(nil, &refusals{
		tooMany:   refusal(policy.ReasonBulkheadFull, step.ErrRunning),
		noTime:    refusal(policy.ReasonDeadlineTooNear, step.ErrNoTime),
		timeOver:  refusal(policy.ReasonDeadlineTooNear, fmt.Errorf("%w: %w", step.ErrNoTime, context.DeadlineExceeded)),
		cancelled: refusal(policy.ReasonCancelled, context.Canceled),
		gaveUp:    fmt.Errorf("%s: %q did not end in time: %w", s.label, s.name, context.DeadlineExceeded),
	})
	return s.made.Load()
}

// enter counts a step in that is about to run under ctx. In overtime one that has its
// value at hand needs no time.
func (s *stage[In, T]) enter(ctx context.Context, overtime bool) error {
	if err := ctx.Err(); err != nil && (!overtime || !s.instant) {
		if errors.Is(err, context.DeadlineExceeded) {
			return s.refused().timeOver
		}
		return s.refused().cancelled
	}
	if s.running.Add(1) > s.maxRunning {
		s.running.Add(-1)
		return s.refused().tooMany
	}
	return nil
}

// leave counts a step out that has ended, however late.
func (s *stage[In, T]) leave() { s.running.Add(-1) }

// unbounded reports whether nothing of its own bounds the time of the stage, which is the
// last of its chain or not.
func (s *stage[In, T]) unbounded(last bool) bool {
	return s.instant || last && s.timeout == 0 && s.needs == 0
}

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
