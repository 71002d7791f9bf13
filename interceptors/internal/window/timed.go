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
	buckets []bucket
	turning sync.Mutex
	// usual holds the buckets of a window of up to 10, so that they stand where
	// the rest of it does: with many windows each detour is a cache miss.
	usual [11]bucket
}

// bucket holds the counts of one interval, number epoch.
type bucket struct {
	epoch  atomic.Int64
	counts [Slow + 1]atomic.Uint32
}

// never is the epoch of a bucket that was not used yet.
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
	if n+1 <= len(w.usual) {
		w.buckets = w.usual[:n+1]
	} else {
		w.buckets = make([]bucket, n+1)
	}
	for i := range w.buckets {
		w.buckets[i].epoch.Store(never)
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
	b := w.bucket(epoch)
	if b.epoch.Load() < epoch {
		w.turn(b, epoch)
	}
	b.counts[k].Add(1)
}

// turn empties a bucket for a new interval.
func (w *Timed) turn(b *bucket, epoch int64) {
	w.turning.Lock()
	defer w.turning.Unlock()
	if b.epoch.Load() >= epoch {
		return
	}
	for k := range b.counts {
		b.counts[k].Store(0)
	}
	b.epoch.Store(epoch)
	if until := (epoch + 1) * int64(w.width); until > w.until.Load() {
		w.running.Store(b)
		w.until.Store(until)
	}
}

// Sum returns what the span up to now holds.
func (w *Timed) Sum(now policy.Instant) Counts {
	current := floorDiv(now, w.width)
	return w.between(current-int64(len(w.buckets)-2), current)
}

// LastSecond returns what the full buckets of the last second before the running
// bucket hold; of at least one, at most of a whole span.
func (w *Timed) LastSecond(now policy.Instant) Counts {
	n := int64((policy.Instant(time.Second) + w.width - 1) / w.width)
	n = min(n, int64(len(w.buckets)-1))
	current := floorDiv(now, w.width)
	return w.between(current-n, current-1)
}

// Quiet reports whether the window is empty.
func (w *Timed) Quiet(now policy.Instant) bool { return w.Sum(now).Calls == 0 }

// between sums the buckets of the intervals first to last.
func (w *Timed) between(first, last int64) Counts {
	var c Counts
	for epoch := first; epoch <= last; epoch++ {
		b := w.bucket(epoch)
		if b.epoch.Load() != epoch {
			continue
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
	n := int64(len(w.buckets))
	i := epoch % n
	if i < 0 {
		i += n // instants may be negative
	}
	return &w.buckets[i]
}

// floorDiv returns a/b rounded down, also for negative a.
func floorDiv(a, b policy.Instant) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return int64(q)
}
