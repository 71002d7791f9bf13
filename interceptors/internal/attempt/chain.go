package attempt

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Chain is the steps to one value. It is immutable; see [Builder].
type Chain[In, T any] struct {
	Steps []*Step[In, T]
	// FallsBack says after which errors of the first step the next one is tried.
	// After those of a fallback it always is: only the first step's word counts.
	FallsBack func(error) bool

	// Overtime: the default is run even if the time of the run is over.
	Overtime bool

	answered func(error) bool // which errors of the first step are answers
	whole    bool             // the value is the response of a call as it is
	watcher  Watcher          // nil: nobody
	// panicked is told of the panics of steps, late if the step had been left
	// behind. Nil: nobody is.
	panicked func(ctx context.Context, step int, err *policy.PanicError, late bool)
}

// Names are the names of the first n steps.
func (c *Chain[In, T]) Names(n int) []string {
	names := make([]string, n)
	for i, s := range c.Steps[:n] {
		names[i] = s.Name
	}
	return names
}

// GoesOn reports whether a run has more steps to run if its context has ended for the
// reason err, nil if it has not.
func (c *Chain[In, T]) GoesOn(err error) bool {
	return err == nil || c.Overtime && errors.Is(err, context.DeadlineExceeded)
}

// FallsBack is the default rule for which errors the next step is tried after:
// failures of the dependency and refusals. Other codes are its answer.
func FallsBack(err error) bool {
	switch policy.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss, codes.ResourceExhausted:
		return true
	default:
		return false
	}
}

// instantShare is what a step that needs no time is left, for the machine may
// be busy.
const instantShare = 5 * time.Millisecond

// Limit is when the i-th step must have ended, zero if nothing but ctx ends it.
// It is an error to start it now. The clock is read only where there is
// something to share.
func (c *Chain[In, T]) Limit(ctx context.Context, i int) (time.Time, error) {
	s, last := c.Steps[i], i == len(c.Steps)-1
	if s.instant || last && s.timeout == 0 && s.needs == 0 {
		return time.Time{}, nil
	}
	end, bounded := ctx.Deadline()
	switch {
	case bounded:
	case s.timeout > 0:
		return time.Now().Add(s.timeout), nil
	default:
		return time.Time{}, nil
	}
	now := time.Now()
	left := end.Sub(now)
	if left <= 0 || left < s.needs {
		return time.Time{}, s.noTime
	}
	share := left - c.reserved(i, left)
	if s.timeout > 0 {
		share = min(share, s.timeout)
	}
	return now.Add(share), nil
}

// reserved is what of the time left is kept for the steps after the i-th: what
// they need, or a quarter each, but half of it at most.
func (c *Chain[In, T]) reserved(i int, left time.Duration) time.Duration {
	var sum time.Duration
	for _, s := range c.Steps[i+1:] {
		switch {
		case s.needs > 0:
			sum += s.needs
		case s.instant:
			sum += min(left/20, instantShare)
		default:
			sum += left / 4
		}
	}
	return min(sum, left/2)
}
