package bulkhead

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Bulkhead is a [policy.Policy] that caps calls in flight. It is safe for
// concurrent use. Make one with [New]; the zero Bulkhead admits nothing and
// must not be used.
type Bulkhead struct {
	config  atomic.Pointer[Config]
	counter queue.Counter
	// streams counts the streams that have places of their own.
	streams atomic.Int64
	// refused counts refusals, in shadow those that there would have been.
	refused queue.Refusals
	name    string
	// backstop: calls that are under the control of their server are left alone.
	backstop bool

	// sampling: the next place given back is a sample of the hold time, even if no call
	// waits by then. Else calls with short deadlines would never learn of shorter holds.
	sampling atomic.Bool

	mu   sync.Mutex // held while somebody waits, joins or leaves, and to change config
	room *room      // nil until a call finds no place
	own  *Config    // what there is to be without the directive
	// byHand is what an operator has put in force. The configuration in force is the own
	// one under it.
	byHand atomic.Pointer[policy.Directive]
}

// New returns a bulkhead, or all faults of cfg and opts, joined.
func New(cfg Config, opts ...Option) (*Bulkhead, error) {
	if err := errors.Join(cfg.validate(), validate.Options(kind, opts)); err != nil {
		return nil, err
	}
	return newBulkhead(&cfg, optionsOf(opts)), nil
}

// newBulkhead returns a bulkhead by a valid configuration.
func newBulkhead(cfg *Config, o options) *Bulkhead {
	b := &Bulkhead{name: o.name, backstop: o.backstop, own: cfg}
	b.config.Store(cfg)
	return b
}

// Layer puts bulkheads inside breakers and outside rate limits.
func (*Bulkhead) Layer() policy.Layer { return policy.LayerBulkhead }

// Idle reports whether no call is in flight and no call waits.
func (b *Bulkhead) Idle() bool { return b.counter.Load() == 0 && b.streams.Load() == 0 }

// Config returns the configuration. What an operator overrides of it is not in it.
func (b *Bulkhead) Config() Config {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.own
}

// Snapshot returns the bulkhead's present limits and counts. InFlight and Waiting are of
// the same instant. It never blocks.
func (b *Bulkhead) Snapshot() Snapshot { return snapshotOf(b) }

// Gauges implements [policy.Gauged]. It shows the slots and the calls that wait for one.
func (b *Bulkhead) Gauges(g *policy.Gauges) {
	b.Snapshot().show(g)
	g.Shadow = b.config.Load().Shadow
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
	b.use(&cfg)
	return nil
}

// use puts a valid configuration in force.
func (b *Bulkhead) use(cfg *Config) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own = cfg
	b.overrideLocked(b.Overridden())
}

// Override implements [policy.Overridable]. A bulkhead can be disabled and can get another
// number of places, which takes effect as by [Bulkhead.Update]. While it is disabled it
// counts as in shadow.
func (b *Bulkhead) Override(d policy.Directive) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.overrideLocked(d)
}

// Overridden implements [policy.Overridable].
func (b *Bulkhead) Overridden() policy.Directive {
	if d := b.byHand.Load(); d != nil {
		return *d
	}
	return policy.Directive{}
}

// overrideLocked puts the own configuration in force, under a directive if it is one for
// bulkheads.
func (b *Bulkhead) overrideLocked(d policy.Directive) bool {
	cfg, ok := b.own.under(d)
	if !ok {
		return false
	}
	b.byHand.Store(nil)
	if d != (policy.Directive{}) {
		own := d // else all that are asked about live on the heap
		b.byHand.Store(&own)
	}
	b.config.Store(cfg)
	b.handOutLocked()
	return true
}

// WouldAdmit reports whether a call would find a place now, or a seat in the queue.
func (b *Bulkhead) WouldAdmit() bool {
	cfg, s := b.config.Load(), b.counter.Load()
	return s.InFlight()+s.Waiting() < cfg.MaxConcurrent+cfg.MaxQueue
}

// Acquire takes a place, or waits for one if there is a queue. It blocks for at
// most MaxWait and no longer than ctx allows. A refusal is a
// *[policy.Rejection] that wraps [ErrFull], [ErrQueueTimeout], [ErrDeadline] or
// [ErrCancelled]. If ctx is already done, the call is refused even if a place
// is free. With Shadow it admits every call at once.
func (b *Bulkhead) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	if b.backstop && call.Controlled {
		return policy.Permit{}, nil
	}
	cfg := b.config.Load()
	if ctx.Err() != nil && !cfg.Shadow {
		return policy.Permit{}, b.refuse(refusedBy(ctx), call)
	}
	if cfg.MaxStreams > 0 && call.Shape.Streams() {
		return b.acquireStream(cfg, call)
	}
	for {
		s := b.counter.Load()
		switch {
		case cfg.hasRoom(s):
			if b.counter.Swap(s, s+queue.OneInFlight) {
				if cfg.Shadow {
					b.watch(s.InFlight() >= cfg.MaxConcurrent+cfg.MaxQueue, call)
				}
				return permit(b, cfg), nil
			}
		case s.Waiting() >= cfg.MaxQueue:
			return policy.Permit{}, b.refuse(&refuse.full, call)
		default:
			return b.acquireQueued(ctx, call)
		}
	}
}

// aStream is the token of a stream that has a place of its own.
const aStream = 1

// acquireStream takes one of the places of streams. A stream does not wait: the others
// may be open for days.
func (b *Bulkhead) acquireStream(cfg *Config, call *policy.Call) (policy.Permit, error) {
	open := b.streams.Add(1)
	full := open > int64(cfg.MaxStreams)
	if full && !cfg.Shadow {
		b.streams.Add(-1)
		return policy.Permit{}, b.refuse(&refuse.full, call)
	}
	b.watch(full, call)
	return policy.Permit{Settler: b, Token: aStream}, nil
}

// watch counts and notes a call that was admitted only because nothing is refused.
func (b *Bulkhead) watch(full bool, call *policy.Call) {
	if full {
		b.refused.AddShadowed()
		call.Notes |= policy.NoteShadowed | b.notes()
	}
}

// notes returns the notes of a call that is refused, or would be.
func (b *Bulkhead) notes() policy.Notes {
	if b.byHand.Load() != nil {
		return policy.NoteOverridden
	}
	return 0
}

// refuse counts a refusal and returns it.
func (b *Bulkhead) refuse(f *policy.Refuser, call *policy.Call) error {
	b.refused.Add(f)
	call.Notes |= b.notes()
	return f.Refuse(call, b.name, time.Time{})
}

// acquireQueued does what Acquire does for a call that met no free place.
func (b *Bulkhead) acquireQueued(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	// ctx is the caller's code: it is asked here, outside the lock.
	began, left := policy.Now(), noDeadline
	if deadline, ok := ctx.Deadline(); ok {
		left = policy.InstantOf(deadline).Sub(began)
	}
	w, cfg, refuser := b.join(left, call)
	if refuser != nil {
		return policy.Permit{}, b.refuse(refuser, call)
	}
	if w != nil {
		refuser = await(ctx, b, w, left, cfg.MaxWait)
		call.Blocked(began)
	}
	if refuser != nil {
		return policy.Permit{}, b.refuse(refuser, call)
	}
	return permit(b, cfg), nil
}

// join queues a call that has that much time left. It returns the call's
// waiter, nil if a place came free in between, or why the call may not wait. It
// looks at everything anew, because counts and configuration may have changed
// before it had the lock.
func (b *Bulkhead) join(left time.Duration, call *policy.Call) (*queue.Waiter, *Config, *policy.Refuser) {
	b.mu.Lock()
	defer b.mu.Unlock()
	cfg, r := b.config.Load(), b.roomLocked()
	for {
		s := b.counter.Load()
		switch {
		case cfg.hasRoom(s):
			if b.counter.Swap(s, s+queue.OneInFlight) {
				b.watch(cfg.Shadow && s.InFlight() >= cfg.MaxConcurrent+cfg.MaxQueue, call)
				return nil, cfg, nil
			}
		case s.Waiting() >= cfg.MaxQueue:
			return nil, cfg, &refuse.full
		case r.holds.outlast(left, s.Waiting()+1, cfg.MaxConcurrent):
			b.sampling.Store(true)
			return nil, cfg, &refuse.deadline
		case b.counter.Swap(s, s+queue.OneWaiting):
			return r.line.Join(), cfg, nil
		}
	}
}

// roomLocked returns the room, made if need be.
func (b *Bulkhead) roomLocked() *room {
	if b.room == nil {
		b.room = new(room)
	}
	return b.room
}

// Settle gives the place back, whatever the outcome, and hands it to the call
// that has waited longest. A permit must not be settled twice: that would give
// back the place of another call, if there is one, and one call too many could
// run until that other call ends. The count never goes below zero, so the cap
// holds again once nothing is in flight.
func (b *Bulkhead) Settle(token uint64, o *policy.Outcome) {
	if token == aStream {
		b.streams.Add(-1)
		return
	}
	sampled := b.sampling.Load()
	if b.counter.Vacate().Waiting() == 0 && !sampled {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roomLocked().holds.add(o)
	b.sampling.Store(false)
	b.handOutLocked()
}

// handOutLocked serves waiters while there are places.
func (b *Bulkhead) handOutLocked() {
	cfg := b.config.Load()
	for {
		s := b.counter.Load()
		if s.Waiting() == 0 || s.InFlight() >= cfg.MaxConcurrent && !cfg.Shadow {
			return
		}
		if b.counter.Swap(s, s+queue.OneInFlight-queue.OneWaiting) {
			b.room.line.Serve()
		}
	}
}
