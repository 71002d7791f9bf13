package queue

import "sync/atomic"

// Counter counts calls in flight and calls waiting in one word, so that a call
// can take a place in one step that fails if another call waits. Two rules keep
// the queue fair and lose no place:
//
//   - The number waiting changes only under the policy's lock, and while it is not
//     zero, places are handed out only under that lock.
//   - Whoever gives a place back while calls wait hands it out. So outside that lock,
//     calls wait only if every place is taken, or about to be handed out.
type Counter struct{ word atomic.Uint64 }

// Counts is what a counter holds: the waiting in the upper half, those in
// flight in the lower.
type Counts uint64

// What one call adds to Counts.
const (
	half               = 32
	OneInFlight Counts = 1
	OneWaiting  Counts = 1 << half
	lower              = OneWaiting - 1
)

// Load returns the counts.
func (c *Counter) Load() Counts { return Counts(c.word.Load()) }

// Add adds n.
func (c *Counter) Add(n Counts) Counts { return Counts(c.word.Add(uint64(n))) }

// Take takes n away.
func (c *Counter) Take(n Counts) Counts { return Counts(c.word.Add(^uint64(n - 1))) }

// Swap replaces the counts, unless they have changed.
func (c *Counter) Swap(from, to Counts) bool {
	return c.word.CompareAndSwap(uint64(from), uint64(to))
}

// Vacate gives a place back, if one is taken.
func (c *Counter) Vacate() Counts {
	s := c.Take(OneInFlight)
	if s&lower == lower { // there was none
		s = Counts(c.word.Add(uint64(OneInFlight)))
	}
	return s
}

// InFlight returns how many calls are in flight.
func (c Counts) InFlight() int { return int(c & lower) }

// Waiting returns how many calls wait.
func (c Counts) Waiting() int { return int(c >> half) }
