package ratelimit

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Limiter is a [policy.Policy] that caps calls per second. It is safe for
// concurrent use. Make one with [New]; the zero Limiter must not be used.
type Limiter struct {
	name   string
	refuse refusers
	born   policy.Instant
	// rejected counts refusals, and those that there would have been.
	rejected atomic.Uint64
	// shadow is config.Shadow, to be read without the lock.
	shadow atomic.Bool

	// mu guards what follows. The clock is read under it, because x/time/rate
	// credits time twice if instants reach it out of order.
	mu     sync.Mutex
	config Config
	tokens *rate.Limiter
	queue  queue
	// timer serves the first in the queue. Nil: nobody waits.
	timer *time.Timer
}

// New returns a limiter with a full bucket, or all faults of cfg and opts,
// joined.
func New(cfg Config, opts ...Option) (*Limiter, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(cfg.validate(), validate.Options("ratelimit", opts)); err != nil {
		return nil, err
	}
	l := &Limiter{
		name: optionsOf(opts).name, born: policy.Now(), config: cfg,
		tokens: rate.NewLimiter(rate.Limit(cfg.PerSecond), cfg.Burst),
	}
	l.shadow.Store(cfg.Shadow)
	l.refuse.init(l.name)
	return l, nil
}

// Layer puts rate limits inside bulkheads.
func (*Limiter) Layer() policy.Layer { return policy.LayerRateLimit }

// Idle reports whether the bucket is full and no call waits.
func (l *Limiter) Idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.first == nil && l.tokensLocked(policy.Now()) >= float64(l.config.Burst)
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
	l.config = cfg
	l.shadow.Store(cfg.Shadow)
	l.tokens.SetLimitAt(now.Time(), rate.Limit(cfg.PerSecond))
	l.tokens.SetBurstAt(now.Time(), cfg.Burst)
	l.serveLocked(now)
	return nil
}

// Acquire takes a token, or waits for one if its turn comes within MaxWait and
// before ctx's deadline. Otherwise it refuses at once, with a
// *[policy.Rejection] that wraps [ErrLimited], [ErrDeadline] or [ErrCancelled]
// and says when there will be a token. A refused call takes no token. If ctx is
// already done, the call is refused. With Shadow it admits every call at once.
func (l *Limiter) Acquire(ctx context.Context, call policy.Call) (policy.Permit, error) {
	if ctx.Err() != nil && !l.shadow.Load() {
		return policy.Permit{}, l.refused(refusal{by: l.refuse.done(ctx)}, call)
	}
	w, p, no := l.take(deadlineOf(ctx))
	if w != nil {
		began := p.At
		no = l.await(ctx, w)
		p.At = policy.Now()
		p.Waited = p.At.Sub(began)
	}
	if no.by != nil {
		return p, l.refused(no, call)
	}
	return p, nil
}

// deadlineOf is asked outside the lock, since ctx is the caller's code.
func deadlineOf(ctx context.Context) policy.Instant {
	if deadline, ok := ctx.Deadline(); ok {
		return policy.InstantOf(deadline)
	}
	return math.MaxInt64
}

// refusal is why a call may not start. The zero refusal: it may.
type refusal struct {
	by    *policy.Refuser
	retry time.Time
}

func (l *Limiter) refused(r refusal, call policy.Call) error {
	l.rejected.Add(1)
	return r.by.Refuse(call.Method, r.retry)
}

// take takes a token at the instant it returns, or joins the queue for one.
func (l *Limiter) take(deadline policy.Instant) (*waiter, policy.Permit, refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := policy.Now()
	p := policy.Permit{At: now}
	l.serveLocked(now)
	switch {
	case l.config.Shadow:
		p.Notes = l.watchLocked(now, deadline)
		return nil, p, refusal{}
	case l.queue.first == nil && l.tokens.AllowN(now.Time(), 1):
		return nil, p, refusal{}
	}
	wait := l.untilLocked(now, l.queue.length+1)
	switch turn := now.Add(wait); {
	case wait > l.config.MaxWait:
		return nil, p, refusal{&l.refuse.limited, l.retryAt(turn)}
	case turn >= deadline:
		return nil, p, refusal{&l.refuse.deadline, l.retryAt(turn)}
	}
	w := l.queue.join(l.config.MaxWait)
	l.armLocked(now)
	return w, p, refusal{}
}

// watchLocked takes a token for a call that is let through in any case: a future one,
// if the call would have waited for it. It reports whether the call would have been
// refused.
func (l *Limiter) watchLocked(now, deadline policy.Instant) policy.Notes {
	wait := l.untilLocked(now, 1)
	if wait > l.config.MaxWait || wait > 0 && now.Add(wait) >= deadline {
		l.rejected.Add(1)
		return policy.NoteShadowed
	}
	l.tokens.ReserveN(now.Time(), 1)
	return 0
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

func (l *Limiter) tokensLocked(now policy.Instant) float64 { return l.tokens.TokensAt(now.Time()) }

// forever bounds waits, so that they can be added up.
const forever = 100 * 365 * 24 * time.Hour

// untilLocked is how long it takes until there are n tokens if no other call
// takes any.
func (l *Limiter) untilLocked(now policy.Instant, n int) time.Duration {
	missing := float64(n) - l.tokensLocked(now)
	wait := math.Ceil(missing / l.config.PerSecond * float64(time.Second))
	return time.Duration(min(max(wait, 0), float64(forever)))
}
