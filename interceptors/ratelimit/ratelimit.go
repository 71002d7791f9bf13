package ratelimit

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Limiter is a [policy.Policy] that caps calls per second. It is safe for
// concurrent use. Make one with [New]; the zero Limiter must not be used.
type Limiter struct {
	name string
	born policy.Instant
	// refused counts refusals, and those that there would have been.
	refused queue.Refusals
	// shadow is config.Shadow, to be read without the lock.
	shadow atomic.Bool

	// mu guards what follows. The clock is read under it, because x/time/rate
	// credits time twice if instants reach it out of order.
	mu     sync.Mutex
	config Config // in force
	own    Config // what it is to be without the directive
	// byHand is what an operator has put in force.
	byHand policy.Directive
	tokens *rate.Limiter
	line   queue.Line
	// timer serves the first in the queue. Nil: nobody waits.
	timer *time.Timer
}

// New returns a limiter with a full bucket, or all faults of cfg and opts,
// joined.
func New(cfg Config, opts ...Option) (*Limiter, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(cfg.validate(), validate.Options(kind, opts)); err != nil {
		return nil, err
	}
	l := &Limiter{
		name: optionsOf(opts).name, born: policy.Now(), config: cfg, own: cfg,
		tokens: rate.NewLimiter(rate.Limit(cfg.PerSecond), cfg.Burst),
	}
	l.shadow.Store(cfg.Shadow)
	return l, nil
}

// Layer puts rate limits inside bulkheads.
func (*Limiter) Layer() policy.Layer { return policy.LayerRateLimit }

// Idle reports whether the bucket is full and no call waits.
func (l *Limiter) Idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.line.Empty() && l.tokensLocked(policy.Now()) >= float64(l.config.Burst)
}

// Update changes the limits of a limiter in use. If cfg has faults, it returns all
// of them, joined, and changes nothing. Present tokens stay, up to the new Burst.
// Waiting calls keep their order and their MaxWait and are served at the new rate;
// Shadow admits them all.
func (l *Limiter) Update(cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := policy.Now()
	l.own = cfg
	l.tokens.SetLimitAt(now.Time(), rate.Limit(cfg.PerSecond))
	l.tokens.SetBurstAt(now.Time(), cfg.Burst)
	l.enforceLocked(now)
	return nil
}

// Override implements [policy.Overridable]. A limiter can be disabled, which admits all
// waiting calls and counts as in shadow.
func (l *Limiter) Override(d policy.Directive) bool {
	if d != (policy.Directive{}) && d != (policy.Directive{Action: policy.Disable}) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byHand = d
	l.enforceLocked(policy.Now())
	return true
}

// Overridden implements [policy.Overridable].
func (l *Limiter) Overridden() policy.Directive {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byHand
}

// enforceLocked puts the own configuration in force, under the directive.
func (l *Limiter) enforceLocked(now policy.Instant) {
	l.config = l.own
	l.config.Shadow = l.own.Shadow || l.byHand.Action == policy.Disable
	l.shadow.Store(l.config.Shadow)
	l.serveLocked(now)
}

// WouldAdmit reports whether a call would get a token now, or within MaxWait.
func (l *Limiter) WouldAdmit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.untilLocked(policy.Now(), l.line.Len()+1) <= l.config.MaxWait
}

// Acquire takes a token, or waits for one if its turn comes within MaxWait and
// before ctx's deadline. Otherwise it refuses at once, with a
// *[policy.Rejection] that wraps [ErrLimited], [ErrDeadline] or [ErrCancelled]
// and says when there will be a token. A refused call takes no token. If ctx is
// already done, the call is refused. With Shadow it admits every call at once.
func (l *Limiter) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	if ctx.Err() != nil && !l.shadow.Load() {
		return policy.Permit{}, l.refuse(refusal{by: refusedBy(ctx)}, call)
	}
	w, patience, no := l.take(deadlineOf(ctx), call)
	if w != nil {
		began := call.Begin
		no = l.await(ctx, w, patience)
		call.Blocked(began)
	}
	if no.by != nil {
		return policy.Permit{}, l.refuse(no, call)
	}
	return policy.Permit{}, nil
}

// refuse counts a refusal and returns it.
func (l *Limiter) refuse(r refusal, call *policy.Call) error {
	l.refused.Add(r.by)
	return r.by.Refuse(call, l.name, r.retry)
}

// take takes a token at call.Begin, which it sets, or joins the queue for one and
// returns for how long the call may wait.
func (l *Limiter) take(end policy.Instant, call *policy.Call) (*queue.Waiter, time.Duration, refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := policy.Now()
	call.Begin = now
	l.serveLocked(now)
	switch {
	case l.config.Shadow:
		l.watchLocked(end, call)
		return nil, 0, refusal{}
	case l.line.Empty() && l.tokens.AllowN(now.Time(), 1):
		return nil, 0, refusal{}
	}
	wait := l.untilLocked(now, l.line.Len()+1)
	switch turn := now.Add(wait); {
	case wait > l.config.MaxWait:
		return nil, 0, refusal{&refuse.limited, l.retryAt(turn)}
	case turn >= end:
		return nil, 0, refusal{&refuse.deadline, l.retryAt(turn)}
	}
	w := l.line.Join()
	l.armLocked(now)
	return w, l.config.MaxWait, refusal{}
}

// watchLocked takes a token for a call that is let through in any case: a future one,
// if the call would have waited for it. It notes a call that would have been refused.
func (l *Limiter) watchLocked(end policy.Instant, call *policy.Call) {
	now := call.Begin
	wait := l.untilLocked(now, 1)
	if wait > l.config.MaxWait || wait > 0 && now.Add(wait) >= end {
		l.refused.AddShadowed()
		call.Notes |= policy.NoteShadowed
		if l.byHand.Action != policy.NoAction {
			call.Notes |= policy.NoteOverridden
		}
		return
	}
	l.tokens.ReserveN(now.Time(), 1)
}

// retryAt rounds an instant up to the millisecond, so that refusals that name
// the same token share a rejection.
func (l *Limiter) retryAt(turn policy.Instant) time.Time {
	after := turn.Sub(l.born)
	if rest := after % time.Millisecond; rest > 0 {
		after += time.Millisecond - rest
	}
	return l.born.Add(after).Time()
}

// tokensLocked returns how many tokens there are.
func (l *Limiter) tokensLocked(now policy.Instant) float64 { return l.tokens.TokensAt(now.Time()) }

// forever bounds waits, so that they can be added up.
const forever = 100 * 365 * 24 * time.Hour

// untilLocked returns how long it takes until there are n tokens if no other call
// takes any.
func (l *Limiter) untilLocked(now policy.Instant, n int) time.Duration {
	missing := float64(n) - l.tokensLocked(now)
	wait := math.Ceil(missing / l.config.PerSecond * float64(time.Second))
	return time.Duration(min(max(wait, 0), float64(forever)))
}

// await blocks until w has a token. It returns why w left without one, if it
// did.
func (l *Limiter) await(ctx context.Context, w *queue.Waiter, patience time.Duration) refusal {
	// The turn would have come in time, but a lower rate may have delayed it.
	switch w.Await(ctx, patience) {
	case queue.Ended:
		return l.leave(w, refusal{by: refusedBy(ctx)})
	case queue.Expired:
		return l.leave(w, refusal{by: &refuse.limited})
	case queue.Served:
	}
	return refusal{}
}

// leave takes w out of the queue for the given reason, unless its turn has just
// come. All calls behind it move up.
func (l *Limiter) leave(w *queue.Waiter, why refusal) refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := policy.Now()
	l.serveLocked(now)
	if !l.line.Leave(w) {
		return refusal{}
	}
	l.armLocked(now)
	if why.by == &refuse.limited {
		why.retry = l.retryAt(now.Add(l.untilLocked(now, l.line.Len()+1)))
	}
	return why
}

// serve hands out tokens when the timer fires.
func (l *Limiter) serve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serveLocked(policy.Now())
}

// serveLocked hands out the present tokens to waiting calls. In shadow no call
// waits.
func (l *Limiter) serveLocked(now policy.Instant) {
	if l.line.Empty() {
		return
	}
	for !l.line.Empty() && (l.config.Shadow || l.tokens.AllowN(now.Time(), 1)) {
		l.line.Serve()
	}
	l.armLocked(now)
}

// armLocked sets the timer to the next token if a call waits for it. A timer
// that fires too early or in vain does no harm.
func (l *Limiter) armLocked(now policy.Instant) {
	switch next := l.untilLocked(now, 1); {
	case l.line.Empty() && l.timer == nil:
	case l.line.Empty():
		l.timer.Stop()
		l.timer = nil
	case l.timer == nil:
		l.timer = time.AfterFunc(next, l.serve)
	default:
		l.timer.Reset(next)
	}
}

// Config returns the configuration, with its defaults filled in. What an operator
// overrides of it is not in it.
func (l *Limiter) Config() Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own
}

// Snapshot returns the limiter's present limits and counts.
func (l *Limiter) Snapshot() Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return snapshotLocked(l)
}

// Gauges implements [policy.Gauged]. It shows the calls that wait for their turn.
func (l *Limiter) Gauges(g *policy.Gauges) {
	l.Snapshot().show(g)
	g.Shadow = l.shadow.Load()
}
