package window

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Timed is a window of time in equal buckets. It slides by a bucket: what it
// holds is between span minus one bucket and span old.
//
// Adding races with the turn of a bucket only where a goroutine stands still
// for a whole span between two instructions; its call is then counted in the
// bucket of now. No count is ever lost or counted twice but for that.
type Timed struct {
	// until is the end of the running bucket. While calls end in it, there is nothing
	// to work out.
	until   atomic.Int64
	running atomic.Pointer[bucket]
	width   policy.Instant
	n       int32 // of the buckets
	turning sync.Mutex
	// many are the buckets if they are more than usual.
	many []bucket
	// usual holds the buckets of a window of up to 10, so that they stand where
	// the rest of it does: with many windows each detour is a cache miss.
	usual [11]bucket
}

// bucket holds the counts of one interval. Of its number it keeps the low half: when a
// bucket turns, those that are too old to be told by it are emptied.
type bucket struct {
	epoch  atomic.Uint32
	counts [Slow + 1]atomic.Uint32
}

// never is the end of the running bucket when there is none yet.
const never = math.MinInt64

// NewTimed returns an empty window of n buckets, 1 or more, that together span
// a time of at least n nanoseconds.
func NewTimed(span time.Duration, n int) *Timed {
	w := new(Timed)
	w.Init(span, n)
	return w
}

// Init makes w what [NewTimed] returns. w must not be in use.
func (w *Timed) Init(span time.Duration, n int) {
	w.width = policy.Instant(span) / policy.Instant(n)
	// One bucket more than the span needs: the last full second may be as long
	// as the span, and the running bucket is no part of it.
	w.n = int32(n + 1) //nolint:gosec // a configuration has 100 at the most
	if n+1 > len(w.usual) {
		w.many = make([]bucket, n+1)
	}
	w.until.Store(never)
}

// Add counts a call that ended now.
func (w *Timed) Add(now policy.Instant, k Kind) {
	// The bucket may turn in between: then the call is counted in the next one.
	if until := w.until.Load(); uint64(until-int64(now)-1) < uint64(w.width) { //nolint:gosec // wraps where now is outside
		w.running.Load().counts[k].Add(1)
		return
	}
	epoch := floorDiv(now, w.width)
	if until := (epoch + 1) * int64(w.width); until > w.until.Load() {
		w.turn(epoch, until)
	}
	w.bucket(epoch).counts[k].Add(1)
}

// turn empties the buckets of the intervals from the one that was running on, up to a
// new one that ends at until.
func (w *Timed) turn(epoch, until int64) {
	w.turning.Lock()
	defer w.turning.Unlock()
	was := w.until.Load()
	if was >= until {
		return
	}
	first := epoch - int64(w.n) + 1
	if was != never {
		first = max(first, was/int64(w.width)) // the one after the running
	}
	for e := first; e <= epoch; e++ {
		b := w.bucket(e)
		for k := range b.counts {
			b.counts[k].Store(0)
		}
		b.epoch.Store(uint32(e)) //nolint:gosec // the low half
	}
	w.running.Store(w.bucket(epoch))
	w.until.Store(until)
}

// Sum returns what the span up to now holds.
func (w *Timed) Sum(now policy.Instant) Counts {
	current := floorDiv(now, w.width)
	return w.between(current-int64(w.n)+2, current)
}

// LastSecond returns what the full buckets of the last second before the running
// bucket hold; of at least one, at most of a whole span.
func (w *Timed) LastSecond(now policy.Instant) Counts {
	n := int64((policy.Instant(time.Second) + w.width - 1) / w.width)
	n = min(n, int64(w.n)-1)
	current := floorDiv(now, w.width)
	return w.between(current-n, current-1)
}

// Latest returns what the running bucket holds, and as many of those before it as it takes
// to hold a number of calls.
func (w *Timed) Latest(now policy.Instant, calls int) Counts {
	current := floorDiv(now, w.width)
	c := w.between(current, current)
	for epoch := current - 1; c.Calls < calls && epoch >= current-int64(w.n)+2; epoch-- {
		before := w.between(epoch, epoch)
		c = Counts{c.Calls + before.Calls, c.Failures + before.Failures, c.Slow + before.Slow}
	}
	return c
}

// Quiet reports whether the window is empty.
func (w *Timed) Quiet(now policy.Instant) bool { return w.Sum(now).Calls == 0 }

// between sums the buckets of the intervals first to last.
func (w *Timed) between(first, last int64) Counts {
	var c Counts
	until := w.until.Load()
	if until == never {
		return c
	}
	all, i := w.usual[:], w.index(first)
	if w.many != nil {
		all = w.many
	}
	last = min(last, until/int64(w.width)-1)
	for epoch := first; epoch <= last; epoch++ {
		b := &all[i]
		if i++; i == int(w.n) {
			i = 0
		}
		if b.epoch.Load() != uint32(epoch) { //nolint:gosec // the low half
			continue // it turned in between, or is older than the first call
		}
		failed, slow := int(b.counts[Failed].Load()), int(b.counts[Slow].Load())
		c.Calls += int(b.counts[OK].Load()) + failed + slow
		c.Failures += failed
		c.Slow += slow
	}
	return c
}

// bucket returns that of an interval.
func (w *Timed) bucket(epoch int64) *bucket {
	if w.many != nil {
		return &w.many[w.index(epoch)]
	}
	return &w.usual[w.index(epoch)]
}

// index returns where the bucket of an interval stands.
func (w *Timed) index(epoch int64) int {
	i := int(epoch % int64(w.n))
	if i < 0 {
		i += int(w.n) // instants may be negative
	}
	return i
}

// floorDiv returns a/b rounded down, also for negative a.
func floorDiv(a, b policy.Instant) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return int64(q)
}
