package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Every change of state goes through here: under the lock, and only from the
// phase that asked for it, so that no two goroutines make the same change.

// trip opens the breaker if it is still in from, and reports that from has
// passed in any case.
func (b *Breaker) trip(from phase, cause string, f figures, at policy.Instant, pushback time.Duration) bool {
	b.mu.Lock()
	if b.isCurrent(from) {
		b.openLocked(cause, f, at, pushback)
	}
	b.mu.Unlock()
	b.deliver()
	return true
}

// openLocked opens the breaker at an instant, which may lie in the past.
func (b *Breaker) openLocked(cause string, f figures, at policy.Instant, pushback time.Duration) {
	until := at.Add(b.backoff.next(b.settings.Load(), at, pushback))
	retry := time.Now().Add(until.Sub(policy.Now()))
	b.enterLocked(&open{b: b, until: until, retry: retry}, cause, f, at, until)
}

// closeLocked closes the breaker with an empty window.
func (b *Breaker) closeLocked(cause string, f figures, at policy.Instant) {
	b.backoff.closed(at)
	b.enterLocked(newClosed(b, b.settings.Load()), cause, f, at, 0)
}

// enterLocked makes p current and queues the report of it. The first phase of
// a breaker is no transition.
func (b *Breaker) enterLocked(p phase, cause string, f figures, at, until policy.Instant) {
	calm, _ := p.(*closed) // nil for any other phase
	b.calm.Store(calm)
	was := b.current.Swap(&stay{phase: p, since: at})
	if was == nil {
		return
	}
	b.reports.queueLocked(policy.Transition{
		Kind: "breaker", Name: b.name, Side: policy.Local, Cause: cause,
		Shadow: b.shadow(),
		From:   was.phase.state().String(), To: p.state().String(),
		At: at, Until: until,
		Calls: f.Calls, Failures: f.Failures, Slow: f.Slow, Overdue: f.overdue,
	})
}
