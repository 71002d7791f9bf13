package bulkhead_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
)

// between is a context that acts whenever it is asked for its deadline, which
// is when a call has met no free place and is about to queue.
type between struct {
	context.Context

	act func()
}

func (c between) Deadline() (time.Time, bool) {
	c.act()
	return c.Context.Deadline()
}

// The context is the caller's code, so it must not run under the lock (bug 20:
// callbacks that come back in).
func TestContextMayComeBackIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 1))
		take(t, b)
		ctx, cancel := context.WithCancel(t.Context())
		a := ask(between{ctx, func() { update(t, b, queued(1, 2)) }}, b)
		wantWaiting(t, a, ask(t.Context(), b))
		cancel()
		synctest.Wait()
		wantRefused(t, a, bulkhead.ErrCancelled, 0)
	})
}

// What a call saw before it had the lock no longer counts.
func TestChangeBeforeQueueing(t *testing.T) {
	t.Parallel()
	t.Run("place freed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := newBulkhead(t, queued(1, 1))
			holder := take(t, b)
			a := ask(between{t.Context(), func() { giveBack(holder) }}, b)
			wantAdmitted(t, a, 0)
			if begin := a.result.Load().call.Begin; begin != 0 {
				t.Errorf("Begin = %v; want none of a call that did not wait", begin)
			}
			wantCounts(t, b, 1, 0)
		})
	})
	t.Run("seat taken", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := newBulkhead(t, queued(1, 1))
			take(t, b)
			var other *attempt
			ctx := between{t.Context(), func() { other = ask(t.Context(), b) }}
			_, err := b.Acquire(ctx, new(call()))
			wantError(t, err, bulkhead.ErrFull)
			wantWaiting(t, other)
		})
	})
}

// A call that is refused because all is full does not get as far as the queue,
// its lock and its clock.
func TestFullStaysOutOfQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, seats := range []int{0, 1} {
			cfg := bulkhead.Config{MaxConcurrent: 1}
			if seats > 0 {
				cfg = queued(1, seats)
			}
			b := newBulkhead(t, cfg)
			take(t, b)
			for range seats {
				ask(t.Context(), b)
			}
			ctx := between{t.Context(), func() { t.Errorf("with %d seats, the call came to the queue", seats) }}
			_, err := b.Acquire(ctx, new(call()))
			wantError(t, err, bulkhead.ErrFull)
		}
	})
}
