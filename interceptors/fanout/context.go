package fanout

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// until is a context that ends at a deadline, as one of context.WithDeadline
// does, but makes that one only when somebody asks for Done: sources that have
// their value at hand do not. It is cancelled by the run, which watches the
// deadline and the parent itself.
type until struct {
	context.Context //nolint:containedctx // the parent

	end   time.Time
	ended atomic.Uint32 // an ending, set by the run

	mu     sync.Mutex
	inner  atomic.Pointer[context.Context]
	cancel context.CancelFunc // of inner
}

// How the context ended.
const (
	running uint32 = iota
	expired
	cancelled
)

// Deadline is the deadline, which is not later than the parent's.
func (u *until) Deadline() (time.Time, bool) { return u.end, true }

// Done makes the real context. Whoever derives another one asks for Done first,
// and then finds the real one by its Value.
func (u *until) Done() <-chan struct{} {
	if c := u.inner.Load(); c != nil {
		return (*c).Done()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.inner.Load() == nil {
		inner, cancel := context.WithDeadline(u.Context, u.end)
		if u.ended.Load() != running {
			cancel()
		}
		u.cancel = cancel
		u.inner.Store(&inner)
	}
	return (*u.inner.Load()).Done()
}

// Err is why the context ended: at the deadline, or with the run.
func (u *until) Err() error {
	switch u.ended.Load() {
	case expired:
		return context.DeadlineExceeded
	case cancelled:
		return context.Canceled
	}
	if c := u.inner.Load(); c != nil {
		return (*c).Err()
	}
	return u.Context.Err()
}

// Value is the parent's, and what the context package asks of the real context.
func (u *until) Value(key any) any {
	if c := u.inner.Load(); c != nil {
		return (*c).Value(key)
	}
	return u.Context.Value(key)
}

// over ends the context as said.
func (u *until) over(ending uint32) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended.Store(ending)
	if u.cancel != nil {
		u.cancel()
	}
}
