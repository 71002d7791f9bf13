package fanout

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// until is a context that ends at a deadline, like one from
// context.WithDeadline, but makes a real context only when Done is called:
// sources that have their value at hand do not call it. It is ended by the run,
// which watches the deadline and the parent itself.
type until struct {
	context.Context //nolint:containedctx // the parent

	// end is the deadline. Zero: that of the parent, if it has one.
	end    policy.Instant
	ending atomic.Uint32 // an ending, set by the run
	inner  atomic.Pointer[standard]
}

// Deadline returns the deadline, which is not later than the parent's. It is converted
// to a time only when asked for: most sources do not ask, and an Instant costs half
// as much.
func (u *until) Deadline() (time.Time, bool) {
	if u.end == 0 {
		return u.Context.Deadline()
	}
	now := time.Now()
	return now.Add(u.end.Sub(policy.InstantOf(now))), true
}

// Done makes the real context. Code that derives another context calls Done
// first, and then finds the real one with Value.
func (u *until) Done() <-chan struct{} {
	if c := u.inner.Load(); c != nil {
		return c.Done()
	}
	if c := newStandard(u); !u.inner.CompareAndSwap(nil, c) {
		c.cancel() // somebody else was first
	}
	c := u.inner.Load()
	if ending(u.ending.Load()) != running {
		c.above.end()
	}
	return c.Done()
}

// Err returns why the context ended: at the deadline, or with the run.
func (u *until) Err() error {
	switch ending(u.ending.Load()) {
	case expired:
		return context.DeadlineExceeded
	case enough, gone:
		return context.Canceled
	case running:
	}
	return u.Context.Err()
}

// Value returns the parent's values, and for the context package those of the
// real context.
func (u *until) Value(key any) any {
	if c := u.inner.Load(); c != nil {
		return c.Value(key)
	}
	return u.Context.Value(key)
}

// finish ends the context, for the reason e.
func (u *until) finish(e ending) {
	u.ending.Store(uint32(e))
	if c := u.inner.Load(); c != nil { // else Done sees the ending
		c.above.end()
	}
}

// standard is a context of the standard library, from which others are derived without
// a goroutine for each. It has no timer of its own, because on a busy machine that
// could fire later than the run's. Cancelling it would then make calls report CANCELLED
// although their time is over. So its parent ends it, with its own error.
type standard struct {
	context.Context //nolint:containedctx // it is one

	cancel context.CancelFunc
	above  above
}

// newStandard makes a context of the standard library that ends with u.
func newStandard(u *until) *standard {
	c := &standard{above: above{until: u}}
	c.Context, c.cancel = context.WithCancel(&c.above)
	return c
}

// above is the parent of a real context, which asks it for AfterFunc when it is made.
type above struct {
	*until

	// end ends the real context with the error of until.
	end func()
}

// never is the end of what is ended by AfterFunc.
var never = make(chan struct{}) //nolint:gochecknoglobals // a constant

// Done returns a channel that is never closed: nobody waits for it.
func (a *above) Done() <-chan struct{} { return never }

// Value returns that of the run's parent: until asks the real context.
func (a *above) Value(key any) any { return a.Context.Value(key) }

// AfterFunc takes from the context package what is to be called at the end.
func (a *above) AfterFunc(end func()) (stop func() bool) {
	a.end = end
	return func() bool { return false }
}
