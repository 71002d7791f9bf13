package breaker

import (
	"math"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// ring counts the calls in flight by when they started, so that those past
// SlowAfter can be judged before they end.
//
// A slot is an eighth of SlowAfter. A call that is in flight for longer than
// the whole ring, eight times SlowAfter, is counted with younger ones again and
// for a while not seen as overdue.
type ring struct {
	id        uint64
	width     policy.Instant
	slowAfter policy.Instant
	slots     [ringSlots]atomic.Int64
	// lastGood is the slot in which a call last succeeded in time.
	lastGood atomic.Int64
	// lastDue is the slot in which the ring was last judged.
	lastDue atomic.Int64
	// suspect: the last look found enough overdue calls to open the breaker.
	suspect atomic.Bool
}

const ringSlots, slotsPerSlowAfter = 64, 8

// ringIDs numbers the rings of the process from 1, so that a call is never
// taken out of a ring it was not put into.
var ringIDs atomic.Uint64 //nolint:gochecknoglobals // a counter

// newRing returns an empty ring, nil where calls are not judged by time.
func newRing(s *settings) *ring {
	if s.SlowAfter == 0 {
		return nil
	}
	r := &ring{
		id:        ringIDs.Add(1) & idMask,
		width:     policy.Instant(s.SlowAfter) / slotsPerSlowAfter,
		slowAfter: policy.Instant(s.SlowAfter),
	}
	r.lastGood.Store(math.MinInt64)
	r.lastDue.Store(math.MinInt64)
	return r
}

func (r *ring) start(at policy.Instant)     { r.slot(window.Slot(at, r.width)).Add(1) }
func (r *ring) end(started policy.Instant)  { r.slot(window.Slot(started, r.width)).Add(-1) }
func (r *ring) slot(n int64) *atomic.Int64  { return &r.slots[uint64(n)%ringSlots] } //nolint:gosec // wraps as it should
func (r *ring) good(now policy.Instant)     { raise(&r.lastGood, window.Slot(now, r.width)) }
func (r *ring) due(now policy.Instant) bool { return raise(&r.lastDue, window.Slot(now, r.width)) }

// raise lifts v to n and reports whether it was lower. Most calls only read.
func raise(v *atomic.Int64, n int64) bool {
	for {
		old := v.Load()
		if old >= n {
			return false
		}
		if v.CompareAndSwap(old, n) {
			return true
		}
	}
}

// overdue returns how many calls are in flight past SlowAfter, and how many of
// those started since a call last succeeded in time.
func (r *ring) overdue(now policy.Instant) (all, sinceGood int) {
	current := window.Slot(now, r.width)
	// The youngest slot whose last instant is SlowAfter ago.
	last := window.Slot(now-r.slowAfter+1, r.width) - 1
	good := r.lastGood.Load()
	for n := current - ringSlots + 1; n <= last; n++ {
		calls := int(r.slot(n).Load())
		all += calls
		if n >= good {
			sinceGood += calls
		}
	}
	return all, sinceGood
}

// empty reports whether no call is in flight.
func (r *ring) empty() bool {
	for i := range r.slots {
		if r.slots[i].Load() != 0 {
			return false
		}
	}
	return true
}
