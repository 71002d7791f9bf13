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
func enterModeLocked(b *Breaker, m Mode, at policy.Instant) {
	switch m {
	case AlwaysOpen:
		b.enterLocked(forced{b}, causeMode, figures{}, at, 0)
	case AlwaysClosed:
		b.enterLocked(disabled{}, causeMode, figures{}, at, 0)
	case Automatic, Shadow:
		closeLocked(b, causeMode, window.Counts{}, at)
	}
}
