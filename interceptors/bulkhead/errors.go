package bulkhead

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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

// refusers make the rejections of one bulkhead, one refuser for each reason.
type refusers struct {
	full, queueTimeout, deadline, cancelled policy.Refuser
}

// init fills r in place, because a Refuser must not be copied.
func (r *refusers) init(name string) {
	set := func(f *policy.Refuser, reason policy.Reason, err error) {
		f.Kind, f.Name, f.Reason, f.Err = kind, name, reason, err
	}
	set(&r.full, policy.ReasonBulkheadFull, ErrFull)
	set(&r.queueTimeout, policy.ReasonQueueTimeout, ErrQueueTimeout)
	set(&r.deadline, policy.ReasonDeadlineTooNear, ErrDeadline)
	set(&r.cancelled, policy.ReasonCancelled, ErrCancelled)
}

// done picks the refusal for a ctx that is done. An outer policy that ends a
// call for lack of time cancels it with a cause that is a status: then the
// deadline is to blame, not the caller.
func (r *refusers) done(ctx context.Context) *policy.Refuser {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &r.deadline
	}
	type ended interface {
		error
		GRPCStatus() *status.Status
	}
	cause, ok := errors.AsType[ended](context.Cause(ctx))
	if ok && cause.GRPCStatus().Code() == codes.DeadlineExceeded {
		return &r.deadline
	}
	return &r.cancelled
}
