package fanout

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// until is a context that ends at a deadline, as one of context.WithDeadline
// does, but makes that one only when somebody asks for Done: sources that have
// their value at hand do not. It is ended by the run, which watches the deadline
// and the parent itself.
type until struct {
	context.Context //nolint:containedctx // the parent

	end    policy.Instant
	ending atomic.Uint32 // an ending, set by the run
	inner  atomic.Pointer[deadlined]
}

// deadlined is a context of the standard library and what cancels it.
type deadlined struct {
	context.Context //nolint:containedctx // it is one

	cancel context.CancelFunc
}

// Deadline is the deadline, which is not later than the parent's. It is told by the
// wall clock of now: most sources do not ask, and an Instant costs half of a time.
func (u *until) Deadline() (time.Time, bool) {
	now := time.Now()
	return now.Add(u.end.Sub(policy.InstantOf(now))), true
}

// Done makes the real context. Whoever derives another one asks for Done first,
// and then finds the real one by its Value.
func (u *until) Done() <-chan struct{} {
	if c := u.inner.Load(); c != nil {
		return c.Done()
	}
	c := new(deadlined)
	end, _ := u.Deadline()
	c.Context, c.cancel = context.WithDeadline(u.Context, end)
	if !u.inner.CompareAndSwap(nil, c) {
		c.cancel()
	}
	if ending(u.ending.Load()) != running {
		u.inner.Load().cancel()
	}
	return u.inner.Load().Done()
}

// Err is why the context ended: at the deadline, or with the run.
func (u *until) Err() error {
	switch ending(u.ending.Load()) {
	case expired:
		return context.DeadlineExceeded
	case enough, gone:
		return context.Canceled
	case running:
	}
	if c := u.inner.Load(); c != nil {
		return c.Err()
	}
	return u.Context.Err()
}

// Value is the parent's, and what the context package asks of the real context.
func (u *until) Value(key any) any {
	if c := u.inner.Load(); c != nil {
		return c.Value(key)
	}
	return u.Context.Value(key)
}

// over ends the context, for the reason e.
func (u *until) over(e ending) {
	u.ending.Store(uint32(e))
	if c := u.inner.Load(); c != nil { // else Done sees the ending
		c.cancel()
	}
}
