package latency

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

const (
	// SampleGap is the least time between two samples. Of calls that end closer to each
	// other one is counted.
	SampleGap = 4 * time.Millisecond
	// HalfLife is the time after which a sample counts half as much, as long as there are
	// others: see keepsCalls.
	HalfLife = time.Minute
)

// keepsCalls is how many calls are kept whatever their age, so that a method which is
// called once a minute is known too.
const keepsCalls = 64

// Calls of up to 65 µs are in the first bucket, those of more than 73 minutes in the last.
const (
	leastBits, mostBits = 16, 42
	parts               = 4 // of an octave
	buckets             = (mostBits-leastBits)*parts + 1
)

// A bucket is one word: the calls that ended in its low half, those that were cut short in
// its high half. One sample each SampleGap cannot fill a half within twice HalfLife.
const (
	cutShort = 1 << 16
	lowHalf  = cutShort - 1
	halves   = 0x7fff_7fff // what each half may keep when both are halved
)

// Sketch holds how long the calls of one method took. The zero Sketch is empty. It is safe
// for concurrent use and must not be copied.
type Sketch struct {
	last    atomic.Int64 // when a sample was last taken, 0 if none was
	halved  atomic.Int64 // when the counts were last halved or begun
	buckets [buckets]atomic.Uint32
}

// Add counts a healthy call that ended at an instant.
func (s *Sketch) Add(took time.Duration, at policy.Instant) { s.sample(took, at, 1) }

// AtLeast counts a call that would have taken longer: it was cut short after that time for
// a reason that says nothing about whoever was called.
func (s *Sketch) AtLeast(took time.Duration, at policy.Instant) { s.sample(took, at, cutShort) }

// sample counts one call, unless another one was counted just before.
func (s *Sketch) sample(took time.Duration, at policy.Instant, as uint32) {
	last := s.last.Load()
	if last != 0 && at.Sub(policy.Instant(last)) < SampleGap || !s.last.CompareAndSwap(last, int64(at)) {
		return
	}
	if halved := s.halved.Load(); halved == 0 || at.Sub(policy.Instant(halved)) >= HalfLife {
		s.age(halved, at)
	}
	s.buckets[bucketOf(took)].Add(as)
}

// age halves the counts, if there are enough.
func (s *Sketch) age(halved int64, at policy.Instant) {
	if !s.halved.CompareAndSwap(halved, int64(at)) || halved == 0 || s.Usual().Calls < keepsCalls {
		return
	}
	for i := range s.buckets {
		for b := &s.buckets[i]; ; {
			old := b.Load()
			if old == 0 || b.CompareAndSwap(old, old>>1&halves) {
				break
			}
		}
	}
}

// Forget empties the sketch.
func (s *Sketch) Forget() {
	for i := range s.buckets {
		s.buckets[i].Store(0)
	}
	s.last.Store(0)
	s.halved.Store(0)
}

// Last returns when a call was last counted, zero if none was.
func (s *Sketch) Last() policy.Instant { return policy.Instant(s.last.Load()) }

// Usual returns what the sketch holds now.
func (s *Sketch) Usual() (u Usual) {
	for i := range s.buckets {
		n := s.buckets[i].Load()
		u.ended[i], u.cut[i] = uint16(n&lowHalf), uint16(n/cutShort) //nolint:gosec // halves of a word
		u.Calls += int(u.ended[i])
		u.CutShort += int(u.cut[i])
	}
	return u
}

// bucketOf returns the index of a duration's bucket.
func bucketOf(d time.Duration) int {
	n := bits.Len64(uint64(max(0, d))) - 1 // of the highest bit
	switch {
	case n < leastBits:
		return 0
	case n >= mostBits:
		return buckets - 1
	}
	return (n-leastBits)*parts + int(d>>(n-2))&(parts-1) + 1
}

// floorOf returns the least duration of a bucket.
func floorOf(bucket int) time.Duration {
	if bucket == 0 {
		return 0
	}
	octave, part := (bucket-1)/parts, (bucket-1)%parts
	return time.Duration(1<<(octave+leastBits)) / parts * time.Duration(parts+part)
}
