package queue

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Refusals counts the calls that a policy with a line did not let start. Those whose
// callers gave up first are no refusals and are counted apart. It is safe for concurrent
// use. The zero Refusals has counted none.
type Refusals struct{ rejected, cancelled atomic.Uint64 }

// Add counts a call that f refuses.
func (r *Refusals) Add(f *policy.Refuser) {
	if f.Reason == policy.ReasonCancelled {
		r.cancelled.Add(1)
	} else {
		r.rejected.Add(1)
	}
}

// AddShadowed counts a call that would have been refused by a policy that only watches.
func (r *Refusals) AddShadowed() { r.rejected.Add(1) }

// Rejected returns how many calls were refused, or would have been.
func (r *Refusals) Rejected() uint64 { return r.rejected.Load() }

// Cancelled returns how many calls did not start because their callers gave up first.
func (r *Refusals) Cancelled() uint64 { return r.cancelled.Load() }

// RefusedBy returns which of two refuses a call whose context has ended: that for calls
// whose time ran out, or that for those whose callers gave up.
func RefusedBy(ctx context.Context, deadline, cancelled *policy.Refuser) *policy.Refuser {
	if policy.EndOf(ctx) == codes.DeadlineExceeded {
		return deadline
	}
	return cancelled
}
