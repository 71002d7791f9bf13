package ratelimit

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors that refusals by a limiter wrap. Test for them with errors.Is; the
// refusal itself is a *[policy.Rejection].
var (
	// ErrLimited: there is no token, and none will come soon enough to wait for.
	// RESOURCE_EXHAUSTED.
	ErrLimited = errors.New("ratelimit: no token")
	// ErrDeadline: the call's deadline passed, or would have passed, before its
	// turn. DEADLINE_EXCEEDED.
	ErrDeadline = errors.New("ratelimit: deadline before the next token")
	// ErrCancelled: the caller gave up before its turn. CANCELLED.
	ErrCancelled = errors.New("ratelimit: cancelled")
)

// kind is what rejections and faults call this policy.
const kind = "ratelimit"

// refusers make the rejections of one limiter, one refuser for each reason.
type refusers struct {
	limited, deadline, cancelled policy.Refuser
}

// init fills r in place, because a Refuser must not be copied.
func (r *refusers) init(name string) {
	set := func(f *policy.Refuser, reason policy.Reason, err error) {
		f.Kind, f.Name, f.Reason, f.Err = kind, name, reason, err
	}
	set(&r.limited, policy.ReasonRateLimited, ErrLimited)
	set(&r.deadline, policy.ReasonDeadlineTooNear, ErrDeadline)
	set(&r.cancelled, policy.ReasonCancelled, ErrCancelled)
}

// done picks the refusal for a ctx that is done. An outer policy that ends a
// call for lack of time cancels it with a cause that is a status: then the
// deadline is to blame, not the caller.
func (r *refusers) done(ctx context.Context) *policy.Refuser {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &r.deadline
	case errors.Is(cause, context.Canceled): // no cause was given
		return &r.cancelled
	case policy.Code(cause) == codes.DeadlineExceeded:
		return &r.deadline
	default:
		return &r.cancelled
	}
}
