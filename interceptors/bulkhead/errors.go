package bulkhead

import (
	"context"
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors that refusals by a bulkhead wrap. Test for them with errors.Is;
// the refusal itself is a *[policy.Rejection].
var (
	// ErrFull: every place and every seat in the queue is taken.
	// RESOURCE_EXHAUSTED.
	ErrFull = errors.New("bulkhead: full")
	// ErrQueueTimeout: the call waited for MaxWait. RESOURCE_EXHAUSTED.
	ErrQueueTimeout = errors.New("bulkhead: queue timeout")
	// ErrDeadline: the call's deadline passed before it had a place, or would have
	// passed. DEADLINE_EXCEEDED.
	ErrDeadline = errors.New("bulkhead: deadline too near")
	// ErrCancelled: the caller gave up before the call had a place. CANCELLED.
	ErrCancelled = errors.New("bulkhead: cancelled")
)

// kind is what rejections and faults call this policy.
const kind = "bulkhead"

// refuse has a refuser for each reason.
var refuse = struct{ full, queueTimeout, deadline, cancelled policy.Refuser }{ //nolint:gochecknoglobals // never written
	full:         policy.Refuser{Kind: kind, Reason: policy.ReasonBulkheadFull, Err: ErrFull},
	queueTimeout: policy.Refuser{Kind: kind, Reason: policy.ReasonQueueTimeout, Err: ErrQueueTimeout},
	deadline:     policy.Refuser{Kind: kind, Reason: policy.ReasonDeadlineTooNear, Err: ErrDeadline},
	cancelled:    policy.Refuser{Kind: kind, Reason: policy.ReasonCancelled, Err: ErrCancelled},
}

// refusedBy returns the refusal of a call whose ctx has ended.
func refusedBy(ctx context.Context) *policy.Refuser {
	return queue.RefusedBy(ctx, &refuse.deadline, &refuse.cancelled)
}
