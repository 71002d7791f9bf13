package attempt

import (
	"context"
	"errors"
	"fmt"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors of steps that were not started.
var (
	// ErrRunning: as many of the step as may run do, those left behind among them.
	ErrRunning = errors.New("fallback: too many of the step run at once")
	// ErrNoTime: not enough of the time was left.
	ErrNoTime = errors.New("fallback: not enough time left for the step")
)

// refusals makes the errors of a step of the named chain.
func (s *Step[In, T]) refusals(chain string) {
	refusal := func(reason policy.Reason, err error) error {
		return &policy.Rejection{Kind: "fallback", Name: chain, Method: s.Name, Reason: reason, Err: err}
	}
	s.tooMany = refusal(policy.ReasonBulkheadFull, ErrRunning)
	s.noTime = refusal(policy.ReasonDeadlineTooNear, ErrNoTime)
	s.timeOver = refusal(policy.ReasonDeadlineTooNear, fmt.Errorf("%w: %w", ErrNoTime, context.DeadlineExceeded))
	s.cancelled = refusal(policy.ReasonCancelled, context.Canceled)
	s.gaveUp = fmt.Errorf("%s: %q did not end in time: %w", chain, s.Name, context.DeadlineExceeded)
}
