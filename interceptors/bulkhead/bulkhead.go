package bulkhead

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Bulkhead is a [policy.Policy] that caps calls in flight. It is safe for
// concurrent use. Make one with [New]; the zero Bulkhead admits nothing and
// must not be used.
type Bulkhead struct {
	name    string
	refuse  refusers
	config  atomic.Pointer[Config]
	counter counter
	// rejected counts refusals, in shadow those that there would have been.
	rejected atomic.Uint64

	// sampling: the next place given back is a sample of the hold time, even if no
	// call waits by then. Without it, a bulkhead that once saw long holds and
	// whose calls all have short deadlines would never learn of shorter holds.
	sampling atomic.Bool

	mu    sync.Mutex // held while somebody waits, joins or leaves
	queue queue
	holds holds
}

// New returns a bulkhead, or all faults of cfg and opts, joined.
func New(cfg Config, opts ...Option) (*Bulkhead, error) {
	if err := errors.Join(cfg.validate(), validate.Options(kind, opts)); err != nil {
		return nil, err
	}
	b := &Bulkhead{name: optionsOf(opts).name}
	b.refuse.init(b.name)
	b.config.Store(&cfg)
	return b, nil
}

// Layer puts bulkheads inside breakers and outside rate limits.
func (*Bulkhead) Layer() policy.Layer { return policy.LayerBulkhead }

// Idle reports whether no call is in flight and no call waits.
func (b *Bulkhead) Idle() bool { return b.counter.load() == 0 }

// Acquire takes a place, or waits for one if there is a queue. It blocks for at
// most MaxWait and no longer than ctx allows. A refusal is a
// *[policy.Rejection] that wraps [ErrFull], [ErrQueueTimeout], [ErrDeadline] or
// [ErrCancelled]. If ctx is already done, the call is refused even if a place
// is free. With Shadow it admits every call at once.
func (b *Bulkhead) Acquire(ctx context.Context, call policy.Call) (policy.Permit, error) {
	cfg := b.config.Load()
	if ctx.Err() != nil && !cfg.Shadow {
		return policy.Permit{}, b.refused(b.refuse.done(ctx), call)
	}
	for {
		s := b.counter.load()
		switch {
		case s.hasRoom(cfg):
			if b.counter.swap(s, s+oneInFlight) {
				p := b.admitted(cfg)
				p.Notes = b.watch(s, cfg)
				return p, nil
			}
		case s.waiting() >= cfg.MaxQueue:
			return policy.Permit{}, b.refused(&b.refuse.full, call)
		default:
			return b.acquireQueued(ctx, call)
		}
	}
}

// admitted is the permit of a call that has a place. Hold times matter only to
// waiting calls, so without a queue the clock is not read.
func (b *Bulkhead) admitted(cfg *Config) policy.Permit {
	p := policy.Permit{Settler: b}
	if cfg.MaxQueue > 0 {
		p.Wants = policy.WantsStart | policy.WantsEnd
	}
	return p
}

// watch counts and notes a call that was admitted only because nothing is refused.
func (b *Bulkhead) watch(before counts, cfg *Config) policy.Notes {
	if !cfg.Shadow || before.inFlight() < cfg.MaxConcurrent+cfg.MaxQueue {
		return 0
	}
	b.rejected.Add(1)
	return policy.NoteShadowed
}

func (b *Bulkhead) refused(f *policy.Refuser, call policy.Call) error {
	b.rejected.Add(1)
	return f.Refuse(call.Method, time.Time{})
}

// Settle gives the place back, whatever the outcome, and hands it to the call
// that has waited longest. A permit must not be settled twice: that would give
// back the place of another call, if there is one, and one call too many could
// run until that other call ends. The count never goes below zero, so the cap
// holds again once nothing is in flight.
func (b *Bulkhead) Settle(_ uint64, o policy.Outcome) {
	for {
		s := b.counter.load()
		switch {
		case s.waiting() > 0 || b.sampling.Load():
			b.settleQueued(o)
			return
		case s.inFlight() == 0:
			return
		case b.counter.swap(s, s-oneInFlight):
			return
		}
	}
}

// Update changes the limits of a bulkhead in use. If cfg has faults, it returns
// all of them, joined, and changes nothing. It never blocks: calls in flight
// beyond a lower MaxConcurrent run to their end, and waiting calls keep their
// seat and their MaxWait. A higher MaxConcurrent hands out the new places at
// once, and Shadow admits all waiting calls.
func (b *Bulkhead) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.config.Store(&cfg)
	b.handOutLocked()
	return nil
}
