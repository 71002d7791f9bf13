package breaker

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// slowed is a closed phase in which the dependency takes longer than it usually does, as
// that was learned: its answers, or the silence since the last one. A slow answer is an answer; so only callers who have
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

// answered counts a call that was answered. One that was slow shows that a silence may be
// as long and be none.
func (s *slowed) answered(inTime bool, o *policy.Outcome) {
	if !inTime {
		s.fast.Store(0)
		s.b.learned.answered(answeredAfter(o), o.End)
		return
	}
	s.until.Store(int64(o.End)) // the next one decides sooner
	if s.fast.Add(1) == fastAgain {
		endSlowed(s.b, s, o.End)
	}
}

// beginSlowed notes that a closed circuit's dependency is slow, unless that is known.
func beginSlowed(b *Breaker, c *closed, o opening) {
	if c.slowed.Load() != nil {
		return
	}
	b.mu.Lock()
	beginSlowedLocked(b, c, o)
	b.mu.Unlock()
	b.deliver()
}

// beginSlowedLocked does what beginSlowed does.
func beginSlowedLocked(b *Breaker, c *closed, o opening) {
	if b.current.Load().phase != c || c.slowed.Load() != nil {
		return
	}
	b.pace.begin(o.at, o.calls, b.refused.Load())
	b.pace.failing = o.failing
	s := &slowed{closed: c}
	s.until.Store(int64(o.at.Add(b.pace.next(b.settings.Load(), o.at, b.refused.Load(), &b.chance))))
	c.slowed.Store(s)
	b.enterLocked(s, o.cause, o.figures, o.at, 0)
}

// endSlowed makes the circuit simply closed again. The slow answers in its window are over
// with what made them.
func endSlowed(b *Breaker, s *slowed, at policy.Instant) {
	b.mu.Lock()
	if b.current.Load().phase == s {
		s.slowed.Store(nil)
		s.judged.Store(s.judged.Load().forgiving(at))
		b.enterLocked(s.closed, causeRecovered, figures{}, at, 0)
	}
	b.mu.Unlock()
	b.deliver()
}
