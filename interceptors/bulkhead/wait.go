package bulkhead

import (
	"context"
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// noDeadline is the time left to a call that has no deadline.
const noDeadline time.Duration = math.MaxInt64

// acquireQueued is Acquire for a call that met no free place.
func (b *Bulkhead) acquireQueued(ctx context.Context, call policy.Call) (policy.Permit, error) {
	// ctx is the caller's code: it is asked here, outside the lock.
	began, left := time.Now(), noDeadline
	if deadline, ok := ctx.Deadline(); ok {
		left = deadline.Sub(began)
	}
	w, cfg, refuser := b.join(left)
	if refuser != nil {
		return policy.Permit{}, b.refused(refuser, call)
	}
	p := b.admitted(cfg)
	if w == nil {
		return p, nil
	}
	refuser = b.await(ctx, w, left, cfg.MaxWait)
	p.At = policy.Now()
	p.Waited = p.At.Sub(policy.InstantOf(began))
	if refuser != nil {
		return policy.Permit{Waited: p.Waited}, b.refused(refuser, call)
	}
	return p, nil
}

// join queues a call that has that much time left. It returns the call's
// waiter, nil if a place came free in between, or why the call may not wait. It
// looks at everything anew, because counts and configuration may have changed
// before it had the lock.
func (b *Bulkhead) join(left time.Duration) (*waiter, *Config, *policy.Refuser) {
	b.mu.Lock()
	defer b.mu.Unlock()
	cfg := b.config.Load()
	for {
		s := b.counter.load()
		switch {
		case s.hasRoom(cfg):
			if b.counter.swap(s, s+oneInFlight) {
				b.watch(s, cfg)
				return nil, cfg, nil
			}
		case s.waiting() >= cfg.MaxQueue:
			return nil, cfg, &b.refuse.full
		case b.holds.outlast(left, s.waiting()+1, cfg.MaxConcurrent):
			b.sampling.Store(true)
			return nil, cfg, &b.refuse.deadline
		case b.counter.swap(s, s+oneWaiting):
			return b.queue.join(), cfg, nil
		}
	}
}

// await blocks until w has a place and returns nil, or returns why w left
// without one.
func (b *Bulkhead) await(ctx context.Context, w *waiter, left, maxWait time.Duration) *policy.Refuser {
	var expired <-chan time.Time
	if maxWait < left { // else ctx ends the wait, so that its reason is told
		timer := time.NewTimer(maxWait)
		defer timer.Stop()
		expired = timer.C
	}
	var hasPlace bool
	select {
	case <-w.place:
		hasPlace = true
	case <-ctx.Done():
		hasPlace = !b.withdraw(w)
	case <-expired:
		hasPlace = !b.withdraw(w)
	}
	switch {
	case ctx.Err() != nil:
		if hasPlace { // handed over while the call gave up
			b.passOn()
		}
		return b.refuse.done(ctx)
	case hasPlace:
		return nil
	default:
		return &b.refuse.queueTimeout
	}
}

// withdraw takes w out of the queue. It reports false if w has a place by now.
func (b *Bulkhead) withdraw(w *waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.hasPlace {
		return false
	}
	for {
		s := b.counter.load()
		if b.counter.swap(s, s-oneWaiting) {
			b.queue.leave(w)
			return true
		}
	}
}

// passOn gives back a place that was never used.
func (b *Bulkhead) passOn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.vacateLocked()
}

// settleQueued is Settle while somebody waits, or a sample is due.
func (b *Bulkhead) settleQueued(o policy.Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holds.add(o)
	b.sampling.Store(false)
	b.vacateLocked()
}

// vacateLocked gives a place back and hands it on. Below zero it does nothing.
func (b *Bulkhead) vacateLocked() {
	for {
		s := b.counter.load()
		if s.inFlight() == 0 {
			return
		}
		if b.counter.swap(s, s-oneInFlight) {
			break
		}
	}
	b.handOutLocked()
}

// handOutLocked serves waiters while there are places.
func (b *Bulkhead) handOutLocked() {
	cfg := b.config.Load()
	for {
		s := b.counter.load()
		if s.waiting() == 0 || s.inFlight() >= cfg.MaxConcurrent && !cfg.Shadow {
			return
		}
		if b.counter.swap(s, s+oneInFlight-oneWaiting) {
			b.queue.serve()
		}
	}
}
