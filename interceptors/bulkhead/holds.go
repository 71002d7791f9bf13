package bulkhead

import (
	"context"
	"math"
	"math/bits"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// room is where calls wait, and what is known of how long they will.
type room struct {
	line  queue.Line
	holds holds
}

// The hold times that the estimate of a wait rests on.
const (
	minHolds = 8
	maxHolds = 32
)

// noDeadline is the time left to a call that has no deadline.
const noDeadline time.Duration = math.MaxInt64

// permit returns that of a call that has a place. Hold times matter only to waiting
// calls, so without a queue the clock is not read.
func permit(b *Bulkhead, cfg *Config) policy.Permit {
	if cfg.MaxQueue > 0 {
		return policy.Permit{Settler: b, Wants: policy.WantsStart | policy.WantsEnd}
	}
	return policy.Permit{Settler: b}
}

// holds is the latest hold times, in a ring. Its zero value is empty. The lock
// of the bulkhead guards it.
type holds struct {
	times [maxHolds]uint64 // nanoseconds
	sum   uint64
	count int
	next  int
}

// add notes how long a call held its place, if o has the times: the call must
// have started, and its permit must have wanted them.
func (h *holds) add(o *policy.Outcome) {
	if o.Verdict == policy.NotStarted || o.Started == 0 || o.End == 0 || o.End < o.Started {
		return
	}
	held := uint64(o.End.Sub(o.Started)) //nolint:gosec // not negative, as seen above
	h.sum += held - h.times[h.next]
	h.times[h.next] = held
	h.next = (h.next + 1) % maxHolds
	h.count = min(h.count+1, maxHolds)
}

// outlast reports whether the call at that turn in line for one of so many
// places must expect to wait for longer than left:
//
//	left < turn / places × sum / count
//
// compared exactly, in 128 bits, because the products overflow 64.
func (h *holds) outlast(left time.Duration, turn, places int) bool {
	if left <= 0 {
		return true
	}
	if h.count < minHolds || left == noDeadline {
		return false
	}
	haveHigh, haveLow := bits.Mul64(uint64(left), uint64(places*h.count)) //nolint:gosec // both positive
	needHigh, needLow := bits.Mul64(h.sum, uint64(turn))                  //nolint:gosec // positive
	return haveHigh < needHigh || haveHigh == needHigh && haveLow < needLow
}

// await blocks until w has a place and returns nil, or returns why w left
// without one.
func await(ctx context.Context, b *Bulkhead, w *queue.Waiter, left, maxWait time.Duration) *policy.Refuser {
	patience := maxWait
	if maxWait >= left { // ctx ends the wait, so that its reason is told
		patience = queue.Forever
	}
	hasPlace := w.Await(ctx, patience) == queue.Served || !withdraw(b, w)
	switch {
	case ctx.Err() != nil:
		if hasPlace { // handed over while the call gave up
			b.Settle(0, &policy.Outcome{Verdict: policy.NotStarted})
		}
		return refusedBy(ctx)
	case hasPlace:
		return nil
	default:
		return &refuse.queueTimeout
	}
}

// withdraw takes w out of the queue. It reports false if w has a place by now.
func withdraw(b *Bulkhead, w *queue.Waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.room.line.Leave(w) {
		return false
	}
	b.counter.Take(queue.OneWaiting)
	return true
}
