package ratelimit

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// What a refusal by a limiter wraps: test for it with errors.Is. The error
// itself is a [policy.Rejection].
var (
	// ErrLimited: there is no token, and none soon enough to wait for.
	// RESOURCE_EXHAUSTED.
	ErrLimited = errors.New("ratelimit: no token")
	// ErrDeadline: the call's deadline passed, or would have, before its turn.
	// DEADLINE_EXCEEDED.
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
		f.Policy, f.Name, f.Reason, f.Err = kind, name, reason, err
	}
	set(&r.limited, policy.ReasonRateLimited, ErrLimited)
	set(&r.deadline, policy.ReasonDeadlineTooNear, ErrDeadline)
	set(&r.cancelled, policy.ReasonCancelled, ErrCancelled)
}

// done tells which refusal suits ctx, which is done. A policy further out that
// ends a call in time cancels it with a cause that is a status: that is the
// deadline's doing, not the caller's.
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
