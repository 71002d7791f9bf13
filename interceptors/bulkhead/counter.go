package bulkhead

import "sync/atomic"

// counter counts calls in flight and calls waiting in one word, so that a call
// can take a place in one step that fails if another call waits. Two rules keep
// the queue fair and lose no place:
//
//   - The number waiting changes only under the bulkhead's lock, and while it is not
//     zero, places are handed out only under that lock.
//   - Whoever gives a place back while calls wait hands it out. So outside that lock,
//     calls wait only if every place is taken, or about to be handed out.
type counter struct{ word atomic.Uint64 }

// counts is what a counter holds: the waiting in the upper half, those in
// flight in the lower.
type counts uint64

const (
	half               = 32
	oneInFlight counts = 1
	oneWaiting  counts = 1 << half
	lower              = oneWaiting - 1
)

func (c *counter) load() counts { return counts(c.word.Load()) }

func (c *counter) take(n counts) counts { return counts(c.word.Add(^uint64(n - 1))) }

func (c *counter) swap(from, to counts) bool {
	return c.word.CompareAndSwap(uint64(from), uint64(to))
}

// vacate gives a place back, if one is taken.
func (c *counter) vacate() counts {
	s := c.take(oneInFlight)
	if s&lower == lower { // there was none
		s = counts(c.word.Add(uint64(oneInFlight)))
	}
	return s
}

func (c counts) inFlight() int { return int(c & lower) }

func (c counts) waiting() int { return int(c >> half) }

// hasRoom reports whether a new call may take a place: one is free, and no call
// waits for it. In shadow there is always room.
func (c counts) hasRoom(cfg *Config) bool {
	return c.waiting() == 0 && (c.inFlight() < cfg.MaxConcurrent || cfg.Shadow)
}
