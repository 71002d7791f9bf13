package pressure

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// reports is the highest of what was reported in the present half second and in the one
// before. It is safe for concurrent use; where two begin a half second at once, one report
// may be lost. The zero reports has none.
type reports struct{ halves [2]half }

// half is what was reported in a half second.
type half struct{ number, highest atomic.Uint64 }

// halfOf returns which half second an instant is in.
func halfOf(now policy.Instant) uint64 {
	return uint64(now) / uint64(500*time.Millisecond) //nolint:gosec // also of instants below zero
}

// add notes a report.
func (r *reports) add(now policy.Instant, level float64) {
	n, bits := halfOf(now), math.Float64bits(min(1, max(0, level)))
	h := &r.halves[n%2]
	if old := h.number.Load(); old != n && h.number.CompareAndSwap(old, n) {
		h.highest.Store(0)
	}
	for {
		highest := h.highest.Load()
		if bits <= highest || h.highest.CompareAndSwap(highest, bits) { // positive floats are ordered like their bits
			return
		}
	}
}

// highest returns the highest report that still counts.
func (r *reports) highest(now policy.Instant) float64 {
	n, level := halfOf(now), 0.0
	for i := range r.halves {
		h := &r.halves[i]
		if at := h.number.Load(); at == n || at+1 == n {
			level = max(level, math.Float64frombits(h.highest.Load()))
		}
	}
	return level
}
