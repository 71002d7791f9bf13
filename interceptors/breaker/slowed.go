package breaker

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// slowed is a closed phase in which the dependency answers, but takes longer than it
// usually does, as that was learned. A slow answer is an answer; so only callers who have
// something else are refused, but for a few that see whether it is fast again. All others
// pass, and are judged as in the closed phase, which goes on.
type slowed struct {
	*closed

	// until is when the next call is let in whose caller has something else.
	until atomic.Int64
	// fast is how many calls in a row were answered in time.
	fast atomic.Int64
}

// fastAgain is how many answers in a row must be in time for the dependency not to be slow
// any more.
const fastAgain = 3

func (*slowed) state() State { return Slow }

// refuse refuses a call whose caller has something else, or returns nil if it is one of
// those that are let in.
func (s *slowed) refuse(call *policy.Call) error {
	now, until := call.Now(), s.until.Load()
	if int64(now) < until || !s.until.CompareAndSwap(until, int64(now.Add(s.pause(now)))) {
		return s.b.refuse(call, time.Time{})
	}
	call.Notes |= policy.NoteProbe
	return nil
}

// pause returns how long to wait until the next call is let in.
func (s *slowed) pause(at policy.Instant) time.Duration {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.b.pace.next(s.b.settings.Load(), at, s.b.refused.Load(), &s.b.chance)
}

// answered counts a call that was answered.
func (s *slowed) answered(inTime bool, at policy.Instant) {
	if !inTime {
		s.fast.Store(0)
		return
	}
	s.until.Store(int64(at)) // the next one decides sooner
	if s.fast.Add(1) == fastAgain {
		endSlowed(s.b, s, at)
	}
}

// beginSlowed notes that a closed circuit's dependency is slow.
func beginSlowed(b *Breaker, c *closed, f figures, calls int, took time.Duration, at policy.Instant) {
	b.mu.Lock()
	beginSlowedLocked(b, c, f, calls, took, at)
	b.mu.Unlock()
	b.deliver()
}

// beginSlowedLocked does what beginSlowed does.
func beginSlowedLocked(b *Breaker, c *closed, f figures, calls int, took time.Duration, at policy.Instant) {
	if b.current.Load().phase != c || c.slowed.Load() != nil {
		return
	}
	b.pace.begin(at, calls, b.refused.Load())
	b.pace.failing = took
	s := &slowed{closed: c}
	s.until.Store(int64(at.Add(b.pace.next(b.settings.Load(), at, b.refused.Load(), &b.chance))))
	c.slowed.Store(s)
	b.enterLocked(s, causeSlow, f, at, 0)
}

// endSlowed makes the circuit simply closed again.
func endSlowed(b *Breaker, s *slowed, at policy.Instant) {
	b.mu.Lock()
	if b.current.Load().phase == s {
		s.slowed.Store(nil)
		b.enterLocked(s.closed, causeRecovered, figures{}, at, 0)
	}
	b.mu.Unlock()
	b.deliver()
}
