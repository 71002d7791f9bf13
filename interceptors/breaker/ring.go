package breaker

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// ring counts the calls in flight by when they started, so that those in flight for too
// long can be judged before they end.
//
// A slot is between a sixteenth and an eighth of the time after which calls are slow, a
// power of two of nanoseconds: a call finds its slot with a shift. A call that is in flight
// when its slot comes round again is no evidence of now any more: it is only counted.
type ring struct {
	id    uint64
	shift uint8 // takes an instant to the number of its slot
	// stuck are the calls in flight whose slot has come round.
	stuck atomic.Int64
	// lastGood is the slot in which a call was last answered in time.
	lastGood atomic.Int64
	// lastDue is the slot in which the ring was last judged.
	lastDue atomic.Int64
	// suspect is since when each look found enough overdue calls to open the breaker.
	suspect atomic.Int64
	// silentFrom is when the first of those calls started.
	silentFrom atomic.Int64
	// slots hold the low half of their number in their high half, and the calls in their
	// low half.
	slots [ringSlots]atomic.Uint64
}

const (
	ringSlots, slotsPerSlow = 64, 8
	slotCalls               = 1<<32 - 1
)

// ringIDs numbers the rings of the process from 1, so that a call is never
// taken out of a ring it was not put into.
var ringIDs atomic.Uint64 //nolint:gochecknoglobals // a counter

// newRing returns an empty ring for calls that are slow after a time.
func newRing(slow policy.Instant) *ring {
	r := &ring{
		id:    max(1, ringIDs.Add(1)&idMask), // 0 is that of calls in no ring
		shift: shiftOf(slow),
	}
	r.lastGood.Store(math.MinInt64)
	r.lastDue.Store(math.MinInt64)
	r.suspect.Store(never)
	return r
}

// shiftOf returns the shift of a ring for calls that are slow after a time of at least a
// millisecond.
func shiftOf(slow policy.Instant) uint8 {
	return uint8(bits.Len64(uint64(slow/slotsPerSlow)) - 1) //nolint:gosec // not negative
}

// never is since when nothing is suspected.
const never = math.MaxInt64

// fits reports whether the slots are still about as long as they should be.
func (r *ring) fits(slow policy.Instant) bool {
	wanted := shiftOf(slow)
	return wanted <= r.shift+1 && r.shift <= wanted+1
}

// suspected returns how long the silence has lasted in which each look found enough, and
// reports whether one did before. One look is not enough: after a pause of this process
// every call in flight looks overdue, though its answer is here and only waits to be read.
func (r *ring) suspected(found bool, first, now policy.Instant) (silence time.Duration, confirmed bool) {
	since := r.suspect.Load()
	switch {
	case !found:
		if since != never {
			r.suspect.Store(never)
		}
		return 0, false
	case since == never:
		r.silentFrom.Store(int64(first))
		r.suspect.Store(int64(now))
		return 0, false
	default:
		return now.Sub(policy.Instant(r.silentFrom.Load())), now.Sub(policy.Instant(since)) >= confirmAfter
	}
}

// confirmAfter is how long the answers that are here may wait to be read.
const confirmAfter = 6 * time.Millisecond

// number returns that of the slot in which an instant lies.
func (r *ring) number(at policy.Instant) int64 { return int64(at) >> r.shift }

// slot returns the n-th slot, counted around.
func (r *ring) slot(n int64) *atomic.Uint64 { return &r.slots[uint64(n)%ringSlots] } //nolint:gosec // wraps as it should

// tag returns what the slot of a number has in its high half.
func tag(n int64) uint64 { return uint64(n) << 32 } //nolint:gosec // the low half

// newer reports whether the word of a slot is that of a later number than n.
func newer(word uint64, n int64) bool { return int32(word>>32)-int32(n) > 0 } //nolint:gosec // the low halves wrap

// start counts a call that started.
func (r *ring) start(at policy.Instant) {
	n := r.number(at)
	for s := r.slot(n); ; {
		old := s.Load()
		if old&^slotCalls == tag(n) {
			if s.CompareAndSwap(old, old+1) {
				return
			}
			continue
		}
		if old&slotCalls > 0 && newer(old, n) {
			r.stuck.Add(1)
			return
		}
		if s.CompareAndSwap(old, tag(n)|1) {
			if left := old & slotCalls; left > 0 {
				r.stuck.Add(int64(left))
			}
			return
		}
	}
}

// end counts the end of a call that started then.
func (r *ring) end(started policy.Instant) {
	n := r.number(started)
	for s := r.slot(n); ; {
		old := s.Load()
		if old&^slotCalls != tag(n) {
			r.stuck.Add(-1)
			return
		}
		if s.CompareAndSwap(old, old-1) {
			return
		}
	}
}

// good notes that a call was answered in time.
func (r *ring) good(now policy.Instant) { raise(&r.lastGood, r.number(now)) }

// fresh reports whether a call that started then did so after the last answer.
func (r *ring) fresh(started policy.Instant) bool { return r.number(started) >= r.lastGood.Load() }

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

// overdue returns how many calls are in flight for longer than slow, how many of those
// started since a call was last answered in time, and when the first of these did. Calls
// whose slot has come round are not among them.
func (r *ring) overdue(now, slow policy.Instant) (all, sinceGood int, first policy.Instant) {
	current := r.number(now)
	// The youngest slot whose last instant is so long ago.
	last := r.number(now-slow+1) - 1
	good := r.lastGood.Load()
	for n := current - ringSlots + 1; n <= last; n++ {
		calls := r.calls(n)
		all += calls
		if n >= good && calls > 0 {
			if sinceGood == 0 {
				first = policy.Instant(n << r.shift)
			}
			sinceGood += calls
		}
	}
	return all, sinceGood, first
}

// longer returns how many calls are in flight for longer than slow, however long.
func (r *ring) longer(now, slow policy.Instant) int {
	all := int(r.stuck.Load())
	last := r.number(now-slow+1) - 1
	for i := range r.slots {
		if word := r.slots[i].Load(); !newer(word, last) {
			all += int(word & slotCalls)
		}
	}
	return all
}

// calls returns how many calls that started in the n-th slot are in flight.
func (r *ring) calls(n int64) int {
	word := r.slot(n).Load()
	if word&^slotCalls != tag(n) {
		return 0
	}
	return int(word & slotCalls)
}

// inFlight returns how many calls are in flight.
func (r *ring) inFlight() int {
	all := int(r.stuck.Load())
	for i := range r.slots {
		all += int(r.slots[i].Load() & slotCalls)
	}
	return all
}
