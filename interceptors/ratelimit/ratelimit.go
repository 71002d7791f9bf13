package ratelimit

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Limiter caps calls per second. It is safe for concurrent use. Make one with
// [New]; the zero Limiter is of no use.
type Limiter struct {
	config atomic.Pointer[Config]
	tokens *rate.Limiter

	limited, deadline, cancelled policy.Refuser
}

// Option changes a Limiter.
type Option interface{ apply(*options) }

type options struct{ name string }

type nameOption string

func (n nameOption) apply(o *options) { o.name = string(n) }

// WithName names the limiter in refusals. Default: empty.
func WithName(name string) Option { return nameOption(name) }

// New returns a limiter with all its tokens, or all faults of cfg.
func New(cfg Config, opts ...Option) (*Limiter, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var o options
	for _, opt := range opts {
		if opt != nil {
			opt.apply(&o)
		}
	}
	l := &Limiter{tokens: rate.NewLimiter(rate.Limit(cfg.PerSecond), cfg.Burst)}
	l.config.Store(&cfg)
	for _, r := range []struct {
		refuser *policy.Refuser
		reason  policy.Reason
		err     error
	}{
		{&l.limited, policy.ReasonRateLimited, ErrLimited},
		{&l.deadline, policy.ReasonDeadlineTooNear, ErrDeadline},
		{&l.cancelled, policy.ReasonCancelled, ErrCancelled},
	} {
		r.refuser.Policy, r.refuser.Name = "ratelimit", o.name
		r.refuser.Reason, r.refuser.Err = r.reason, r.err
	}
	return l, nil
}

// Each makes one limiter for each method that a rule meets, or for each service
// or target (see [policy.Template.Per]). Bad configuration is reported when the
// rules are built.
func Each(cfg Config, opts ...Option) policy.Template {
	return policy.Template{New: func(k policy.Key) (policy.Policy, error) {
		l, err := New(cfg, append([]Option{WithName(k.Name)}, opts...)...)
		if err != nil {
			return nil, err
		}
		return l, nil
	}}
}

// Update changes the limits and keeps the tokens that there are. On an error,
// which names all faults, nothing changes.
func (l *Limiter) Update(cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	l.config.Store(&cfg)
	l.tokens.SetLimit(rate.Limit(cfg.PerSecond))
	l.tokens.SetBurst(cfg.Burst)
	return nil
}

// Layer puts rate limits inside bulkheads.
func (*Limiter) Layer() policy.Layer { return policy.LayerRateLimit }

// Idle reports whether all tokens are there.
func (l *Limiter) Idle() bool { return l.tokens.Tokens() >= float64(l.tokens.Burst()) }

// Tokens returns how many tokens there are; negative while calls wait.
func (l *Limiter) Tokens() float64 { return l.tokens.Tokens() }

// Acquire takes a token, waits for one, or refuses with a policy.Rejection that
// wraps [ErrLimited], [ErrDeadline] or [ErrCancelled]. A refused call takes no
// token.
func (l *Limiter) Acquire(ctx context.Context, call policy.Call) (policy.Permit, error) {
	now := time.Now()
	if l.tokens.AllowN(now, 1) {
		return policy.Permit{}, nil
	}
	maxWait := l.config.Load().MaxWait
	if maxWait == 0 {
		return policy.Permit{}, l.limited.Refuse(call.Method, l.next(now))
	}
	return l.wait(ctx, call, now, maxWait)
}

// next is when there will be a token, to the millisecond, so that refusals of
// one millisecond are alike and share a rejection.
func (l *Limiter) next(now time.Time) time.Time {
	missing := 1 - l.tokens.TokensAt(now)
	wait := time.Duration(missing / float64(l.tokens.Limit()) * float64(time.Second))
	return now.Add(wait).Truncate(time.Millisecond).Add(time.Millisecond)
}

// wait reserves a token and waits for it, if it comes soon enough.
func (l *Limiter) wait(ctx context.Context, call policy.Call, now time.Time, maxWait time.Duration) (policy.Permit, error) {
	token := l.tokens.ReserveN(now, 1)
	ready := token.DelayFrom(now)
	if ready > maxWait {
		token.CancelAt(now)
		return policy.Permit{}, l.limited.Refuse(call.Method, l.next(now))
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(now.Add(ready)) {
		token.CancelAt(now)
		return policy.Permit{}, l.deadline.Refuse(call.Method, time.Time{})
	}
	timer := time.NewTimer(ready)
	defer timer.Stop()
	select {
	case <-timer.C:
		at := policy.Now()
		return policy.Permit{At: at, Waited: at.Sub(policy.InstantOf(now))}, nil
	case <-ctx.Done():
		token.Cancel()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return policy.Permit{}, l.deadline.Refuse(call.Method, time.Time{})
		}
		return policy.Permit{}, l.cancelled.Refuse(call.Method, time.Time{})
	}
}
