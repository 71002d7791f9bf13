package fanout

import (
	"context"
	"errors"
	"sync/atomic"
)

// tally counts what has not ended yet, and wakes the waiting goroutine once for
// all: waking it for each would cost more than starting them.
type tally struct {
	pending atomic.Int64
	late    atomic.Bool   // the time is over
	awake   chan struct{} // has room for one
}

// of makes it the tally of n.
func (t *tally) of(n int) {
	t.pending.Store(int64(n))
	t.awake = make(chan struct{}, 1)
}

// ended counts one out. It is called once for each, after its result can be seen.
// If urgent, or if the time is over, the waiting goroutine looks at once.
func (t *tally) ended(urgent bool) {
	if t.pending.Add(-1) == 0 || urgent || t.late.Load() {
		t.wake()
	}
}

// expire notes that the time is over.
func (t *tally) expire() {
	t.late.Store(true)
	t.wake()
}

// wake makes the waiting goroutine look.
func (t *tally) wake() {
	select {
	case t.awake <- struct{}{}:
	default: // it is about to look, or has gone
	}
}

// ending is why the wait is over.
type ending uint32

const (
	running ending = iota
	enough         // all has ended, or what has is enough to know
	expired        // the time is over
	gone           // nobody wants to know any more
)

// wait waits for an ending: until l has seen enough, the time is over, or ctx ends.
// It calls look each time that there is something to see, and once more at the end,
// so that nothing that has arrived by then is lost.
func (t *tally) wait(ctx context.Context, l looker) ending {
	for {
		select {
		case <-t.awake:
			late := t.late.Load()
			if l.look() {
				return enough
			}
			if late {
				return expired
			}
		case <-ctx.Done():
			l.look()
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return expired
			}
			return gone
		}
	}
}

// looker takes what has ended, and reports whether that is enough.
type looker interface{ look() bool }
