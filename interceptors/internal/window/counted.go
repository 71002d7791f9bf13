package window

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Counted is a window of the last n calls, however long ago they were.
type Counted struct {
	span  policy.Instant
	last  atomic.Int64 // the instant of the last call
	next  atomic.Uint64
	calls []atomic.Uint32 // a Kind plus one; zero is a place not used yet
	bad   [Slow + 1]atomic.Int64
}

// NewCounted returns an empty window of n calls, 1 or more. The span is only
// how long it takes to be quiet.
func NewCounted(n int, span time.Duration) *Counted {
	return &Counted{span: policy.Instant(span), calls: make([]atomic.Uint32, n)}
}

// Add counts a call in the place of the oldest.
func (w *Counted) Add(now policy.Instant, k Kind) {
	w.last.Store(int64(now))
	i := (w.next.Add(1) - 1) % uint64(len(w.calls))
	old := w.calls[i].Swap(uint32(k) + 1)
	if k != OK {
		w.bad[k].Add(1)
	}
	if old > uint32(OK)+1 {
		w.bad[old-1].Add(-1)
	}
}

// Sum returns what the window holds.
func (w *Counted) Sum(policy.Instant) Counts {
	return Counts{
		Calls:    int(min(w.next.Load(), uint64(len(w.calls)))), //nolint:gosec // at most len
		Failures: int(w.bad[Failed].Load()),
		Slow:     int(w.bad[Slow].Load()),
	}
}

// Quiet reports whether no call was added in the last span before now.
func (w *Counted) Quiet(now policy.Instant) bool {
	return w.next.Load() == 0 || now-policy.Instant(w.last.Load()) >= w.span
}

// LastSecond returns nothing: the window does not keep times.
func (w *Counted) LastSecond(policy.Instant) Counts { return Counts{} }

// Latest returns nothing: the window does not keep times.
func (w *Counted) Latest(policy.Instant, int) Counts { return Counts{} }
