package breaker

import (
	"math"
	"math/bits"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// ring counts the calls in flight by when they started, so that those past
// SlowAfter can be judged before they end.
//
// A slot is between a sixteenth and an eighth of SlowAfter long, a power of two of
// nanoseconds: a call finds its slot with a shift. A call that is in flight for longer
// than the whole ring, at least eight times SlowAfter, is counted with younger ones
// again and for a while not seen as overdue.
type ring struct {
	id        uint64
	shift     uint8 // takes an instant to the number of its slot
	slowAfter policy.Instant
	slots     [ringSlots]atomic.Int32
	// lastGood is the slot in which a call last succeeded in time.
	lastGood atomic.Int64
	// lastDue is the slot in which the ring was last judged.
	lastDue atomic.Int64
	// suspect: the last look found enough overdue calls to open the breaker.
	suspect atomic.Bool
}

const ringSlots, slotsPerSlowAfter = 128, 8

// ringIDs numbers the rings of the process from 1, so that a call is never
// taken out of a ring it was not put into.
var ringIDs atomic.Uint64 //nolint:gochecknoglobals // a counter

// newRing returns an empty ring, nil where calls are not judged by time.
func newRing(s *settings) *ring {
	if s.SlowAfter == 0 {
		return nil
	}
	r := &ring{
		id:        max(1, ringIDs.Add(1)&idMask), // 0 is that of calls in no ring
		shift:     uint8(bits.Len64(uint64(s.SlowAfter/slotsPerSlowAfter)) - 1), //nolint:gosec // SlowAfter is at least 1ms
		slowAfter: policy.Instant(s.SlowAfter),
	}
	r.lastGood.Store(math.MinInt64)
	r.lastDue.Store(math.MinInt64)
	return r
}

// number returns that of the slot in which an instant lies.
func (r *ring) number(at policy.Instant) int64 { return int64(at) >> r.shift }

// slot returns the n-th slot, counted around.
func (r *ring) slot(n int64) *atomic.Int32 { return &r.slots[uint64(n)%ringSlots] } //nolint:gosec // wraps as it should

// start counts a call that started.
func (r *ring) start(at policy.Instant) { r.slot(r.number(at)).Add(1) }

// end counts the end of a call that started then.
func (r *ring) end(started policy.Instant) { r.slot(r.number(started)).Add(-1) }

// good notes that a call succeeded in time.
func (r *ring) good(now policy.Instant) { raise(&r.lastGood, r.number(now)) }

// due reports whether the ring is to be judged, once a slot.
func (r *ring) due(now policy.Instant) bool { return raise(&r.lastDue, r.number(now)) }

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
	current := r.number(now)
	// The youngest slot whose last instant is SlowAfter ago.
	last := r.number(now-r.slowAfter+1) - 1
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
