package fanout

import (
	"context"
	"sync/atomic"
	"time"
)

// tally counts what has not ended yet, and wakes the goroutine that waits for it
// once for all: to wake it for each costs more than to start them.
type tally struct {
	left  atomic.Int64
	awake chan struct{} // has room for one
}

// of makes it the tally of n.
func (t *tally) of(n int) {
	t.left.Store(int64(n))
	t.awake = make(chan struct{}, 1)
}

// ended is called once by everything that is counted, after its result is there
// to be seen. If urgent, the waiting goroutine is to look at once.
func (t *tally) ended(urgent bool) {
	if t.left.Add(-1) == 0 || urgent {
		select {
		case t.awake <- struct{}{}:
		default: // it is about to look, or has gone
		}
	}
}

// wait returns nil when l has seen enough, the error of ctx when that has ended, and
// context.DeadlineExceeded at the deadline. It has l look each time that there is
// something to see, and a last time at the end: what has arrived by then is not
// lost.
func (t *tally) wait(ctx context.Context, deadline <-chan time.Time, l looker) error {
	for {
		select {
		case <-t.awake:
			if l.look() {
				return nil
			}
		case <-deadline:
			l.look()
			return context.DeadlineExceeded
		case <-ctx.Done():
			l.look()
			return ctx.Err()
		}
	}
}

// looker takes what has ended, and reports whether that is enough.
type looker interface{ look() bool }
