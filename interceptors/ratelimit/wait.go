package ratelimit

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// await blocks until w has a token. It returns why w left without one, if it
// did.
func (l *Limiter) await(ctx context.Context, w *waiter) refusal {
	// The turn would have come in time, but a lower rate may have delayed it.
	timer := time.NewTimer(w.patience)
	defer timer.Stop()
	select {
	case <-w.turn:
		return refusal{}
	case <-ctx.Done():
		return l.leave(w, refusal{by: l.refuse.done(ctx)})
	case <-timer.C:
		return l.leave(w, refusal{by: &l.refuse.limited})
	}
}

// leave takes w out of the queue for the given reason, unless its turn has just
// come. All calls behind it move up.
func (l *Limiter) leave(w *waiter, why refusal) refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := policy.Now()
	l.serveLocked(now)
	if w.served {
		return refusal{}
	}
	l.queue.leave(w)
	l.armLocked(now)
	if why.by == &l.refuse.limited {
		why.retry = l.retryAt(now.Add(l.untilLocked(now, l.queue.length+1)))
	}
	return why
}

// serve is what the timer does.
func (l *Limiter) serve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serveLocked(policy.Now())
}

// serveLocked hands out the present tokens to waiting calls. In shadow no call
// waits.
func (l *Limiter) serveLocked(now policy.Instant) {
	if l.queue.first == nil {
		return
	}
	for l.queue.first != nil && (l.config.Shadow || l.tokens.AllowN(now.Time(), 1)) {
		l.queue.serve()
	}
	l.armLocked(now)
}

// armLocked sets the timer to the next token if a call waits for it. A timer
// that fires too early or in vain does no harm.
func (l *Limiter) armLocked(now policy.Instant) {
	switch next := l.untilLocked(now, 1); {
	case l.queue.first == nil && l.timer == nil:
	case l.queue.first == nil:
		l.timer.Stop()
		l.timer = nil
	case l.timer == nil:
		l.timer = time.AfterFunc(next, l.serve)
	default:
		l.timer.Reset(next)
	}
}
