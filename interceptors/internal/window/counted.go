package window

import (
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Counted is a window of the last n calls. It does not look at the time.
type Counted struct {
	next  atomic.Uint64
	calls []atomic.Uint32 // a Kind plus one; zero is a place not used yet
	bad   [Slow + 1]atomic.Int64
}

// NewCounted returns an empty window of n calls, 1 or more.
func NewCounted(n int) *Counted {
	return &Counted{calls: make([]atomic.Uint32, n)}
}

// Add counts a call in the place of the oldest.
func (w *Counted) Add(_ policy.Instant, k Kind) {
	i := (w.next.Add(1) - 1) % uint64(len(w.calls))
	old := w.calls[i].Swap(uint32(k) + 1)
	if k != OK {
		w.bad[k].Add(1)
	}
	if old > uint32(OK)+1 {
		w.bad[old-1].Add(-1)
	}
}

// Sum is what the window holds.
func (w *Counted) Sum(policy.Instant) Counts {
	return Counts{
		Calls:    int(min(w.next.Load(), uint64(len(w.calls)))), //nolint:gosec // at most len
		Failures: int(w.bad[Failed].Load()),
		Slow:     int(w.bad[Slow].Load()),
	}
}

// LastSecond is empty: the window does not know time.
func (w *Counted) LastSecond(policy.Instant) Counts { return Counts{} }
