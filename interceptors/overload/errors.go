package overload

import (
	"context"
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors that refusals for overload wrap. Test for them with errors.Is; the refusal
// itself is a *[policy.Rejection].
var (
	// ErrOverloaded: there is more to do than can be done in time, and the call is not
	// among what matters most. RESOURCE_EXHAUSTED.
	ErrOverloaded = errors.New("overload: more calls than can be answered in time")
	// ErrDeadline: the call's deadline passed before it could start, or so little of it was
	// left that the call would not have ended in time. DEADLINE_EXCEEDED.
	ErrDeadline = errors.New("overload: deadline too near")
	// ErrCancelled: the caller gave up before the call could start. CANCELLED.
	ErrCancelled = errors.New("overload: cancelled")
)

// kind is what rejections and faults call this policy.
const kind = "overload"

// refuse has a refuser for each reason.
var refuse = struct{ overloaded, deadline, cancelled policy.Refuser }{ //nolint:gochecknoglobals // never written
	overloaded: policy.Refuser{Kind: kind, Reason: policy.ReasonOverloaded, Err: ErrOverloaded},
	deadline:   policy.Refuser{Kind: kind, Reason: policy.ReasonDeadlineTooNear, Err: ErrDeadline},
	cancelled:  policy.Refuser{Kind: kind, Reason: policy.ReasonCancelled, Err: ErrCancelled},
}

// refusedBy returns the refusal of a call whose ctx has ended.
func refusedBy(ctx context.Context) *policy.Refuser {
	return queue.RefusedBy(ctx, &refuse.deadline, &refuse.cancelled)
}
