package ratelimit

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
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

// refuse has a refuser for each reason.
var refuse = struct{ limited, deadline, cancelled policy.Refuser }{ //nolint:gochecknoglobals // never written
	limited:   policy.Refuser{Kind: kind, Reason: policy.ReasonRateLimited, Err: ErrLimited},
	deadline:  policy.Refuser{Kind: kind, Reason: policy.ReasonDeadlineTooNear, Err: ErrDeadline},
	cancelled: policy.Refuser{Kind: kind, Reason: policy.ReasonCancelled, Err: ErrCancelled},
}

// refusedBy returns the refusal of a call whose ctx has ended.
func refusedBy(ctx context.Context) *policy.Refuser {
	return queue.RefusedBy(ctx, &refuse.deadline, &refuse.cancelled)
}

// deadlineOf returns the instant of ctx's deadline. It is asked outside the lock, since
// ctx is the caller's code.
func deadlineOf(ctx context.Context) policy.Instant {
	if deadline, ok := ctx.Deadline(); ok {
		return policy.InstantOf(deadline)
	}
	return math.MaxInt64
}

// refusal is why a call may not start. The zero refusal: it may.
type refusal struct {
	by    *policy.Refuser
	retry time.Time
}
