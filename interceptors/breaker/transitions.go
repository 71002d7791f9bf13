package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Every change of a circuit's state is one of these. The lock is held, but for answeredLate.

// openLocked opens the breaker.
func openLocked(b *Breaker, o opening) {
	if !o.again {
		b.pace.begin(o.at, o.calls, b.refused.Load())
	}
	b.pace.failing = max(b.pace.failing, o.failing)
	next := newOpenLocked(b, o)
	b.shedding.opened(o.shed, next.next)
	b.enterLocked(next, o.cause, o.figures, o.at, next.next)
}

// recoverLocked lets a growing share of calls in, or all at once if there is to be no slow
// start.
func recoverLocked(b *Breaker, cause string, at policy.Instant) {
	if b.settings.Load().SlowStart == Off {
		closeLocked(b, cause, window.Counts{}, at)
		return
	}
	b.enterLocked(newHalfOpen(b, at), cause, figures{}, at, 0)
}

// closeLocked closes the breaker. What its window begins with is what was seen while the
// share of calls climbed.
func closeLocked(b *Breaker, cause string, seen window.Counts, at policy.Instant) {
	c := new(closed)
	c.init(b, b.settings.Load())
	c.judged.Load().seed(seen, at)
	b.enterLocked(c, cause, figures{Counts: seen}, at, 0)
}

// answeredLate notes an answer to a call of a closed stay that is over. Where the breaker
// opened because such calls were silent, by what it had learned, it closes again.
func answeredLate(b *Breaker, of *closed, after time.Duration, at policy.Instant) {
	if b.settings.Load().SlowAfter != 0 {
		return
	}
	b.mu.Lock()
	switch p := b.current.Load().phase.(type) {
	case *open:
		if p.from == of && p.cause == causeOverdue {
			b.learned.answered(after, at)
			closeLocked(b, causeAnswered, p.Counts, at)
			if c := b.calm.Load(); c != nil && b.learned.isSlow(after) {
				beginSlowedLocked(b, c, opening{cause: causeSlow, at: at, calls: p.calls, failing: after})
			}
		}
	case *closed:
		p.goodLate(of, at)
	case *slowed:
		p.goodLate(of, at)
	}
	b.mu.Unlock()
	b.deliver()
}

// enterModeLocked enters the state that a mode begins in.
func enterModeLocked(b *Breaker, m Mode, cause string, at policy.Instant) {
	switch m {
	case AlwaysOpen:
		b.enterLocked(forced{b}, cause, figures{}, at, 0)
	case AlwaysClosed:
		b.enterLocked(disabled{b.settings.Load().notes}, cause, figures{}, at, 0)
	case Automatic, Shadow:
		closeLocked(b, cause, window.Counts{}, at)
	}
}

// swapLocked puts s in place of the settings, and returns the old ones.
func swapLocked(b *Breaker, s *settings) (old *settings) {
	old = b.settings.Swap(s)
	if c := b.calm.Load(); c != nil {
		c.adapt(old, s)
	}
	return old
}

// updateLocked puts s in place of the settings, and in force for what is going on.
func updateLocked(b *Breaker, s *settings) {
	old := swapLocked(b, s)
	if forcedBy(old.Mode) != forcedBy(s.Mode) {
		enterModeLocked(b, s.Mode, causeMode, policy.Now())
		return
	}
	if o, ok := b.current.Load().phase.(*open); ok {
		if !s.triggers(o.cause) {
			closeLocked(b, causeConfig, window.Counts{}, policy.Now())
			return
		}
		o.adaptLocked(s)
	}
}

// overrideLocked puts an override in force, or ends the one that is. What was forced open
// comes back by degrees: nothing is known of a dependency that was not called.
func overrideLocked(b *Breaker, d policy.Directive) (ok bool) {
	mode, ok := modeUnder(d)
	if !ok {
		return false
	}
	if b.byHand == nil && d == (policy.Directive{}) || b.byHand != nil && d == b.byHand.directive {
		return true
	}
	own, now := ownLocked(b), policy.Now()
	b.byHand = nil
	if d != (policy.Directive{}) {
		b.byHand = &byHand{directive: d, mode: mode, own: own}
	}
	s := b.byHand.hide(own)
	old := swapLocked(b, s)
	switch was, is := forcedBy(old.Mode), forcedBy(s.Mode); {
	case was == is && is == AlwaysClosed:
		b.current.Store(&stay{phase: disabled{s.notes}, since: b.current.Load().since})
	case was == is:
	case is == AlwaysOpen:
		beginOutageLocked(b, now)
		enterModeLocked(b, is, causeOverride, now)
	case was == AlwaysOpen && is == Automatic:
		recoverLocked(b, causeOverride, now)
	default:
		enterModeLocked(b, s.Mode, causeOverride, now)
	}
	return true
}

// beginOutageLocked makes the pace of probes that of an outage which begins now, unless there
// is one.
func beginOutageLocked(b *Breaker, at policy.Instant) {
	if c := b.calm.Load(); c != nil {
		b.pace.begin(at, c.judged.Load().callsPerSecond(at), b.refused.Load())
	}
}

// tripLocked opens a breaker that is closed or recovers.
func tripLocked(b *Breaker, at policy.Instant) bool {
	o := opening{cause: causeTrip, at: at}
	switch p := b.current.Load().phase.(type) {
	case *closed:
		o.calls = p.judged.Load().callsPerSecond(at)
	case *slowed:
		o.calls = p.judged.Load().callsPerSecond(at)
	case *halfOpen:
		o.again = true
	default:
		return false
	}
	openLocked(b, o)
	return true
}

// resetLocked makes a breaker begin anew. Forced phases know nothing that they could forget.
func resetLocked(b *Breaker, at policy.Instant) {
	b.learned.forget()
	b.usual.sketch.Forget()
	b.lost.at.Store(0)
	b.pace, b.shedding = pace{}, shedding{}
	switch b.current.Load().phase.(type) {
	case forced, disabled:
	default:
		closeLocked(b, causeReset, window.Counts{}, at)
	}
}
