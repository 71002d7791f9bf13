package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// mostFunctions is the cap of the bulkhead that functions run in.
const mostFunctions = 3

// local runs functions under policies: in a chain, and each by itself.
type local struct {
	*breaches

	chain *policy.Chain
	alone *bulkhead.Bulkhead
	first *bulkhead.Bulkhead // of the chain

	inChain, inAlone             atomic.Int64
	made, refused, panicked, ran atomic.Int64
}

// newLocal makes the policies. The observer hears of the chain.
func newLocal(broken *breaches, o policy.Observer, audits *audits) (*local, error) {
	l := &local{breaches: broken}
	var faults [5]error
	cfg := bulkhead.Config{MaxConcurrent: mostFunctions, MaxQueue: 3, MaxWait: 20 * time.Millisecond}
	l.alone, faults[0] = bulkhead.New(cfg, bulkhead.WithName("alone"))
	l.first, faults[1] = bulkhead.New(cfg, bulkhead.WithName("first"))
	b, err := breaker.New(breaker.Config{MinCalls: 10, OpenFor: 50 * time.Millisecond, MaxOpenFor: 100 * time.Millisecond},
		breaker.WithName("functions"), breaker.WithObserver(o))
	faults[2] = err
	limit, err := ratelimit.New(ratelimit.Config{PerSecond: 2000, Burst: 50, MaxWait: 10 * time.Millisecond})
	faults[3] = err
	t, err := timeout.New(timeout.Config{Max: 100 * time.Millisecond})
	faults[4] = err
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	own := &audit{name: "functions", books: audits, outstanding: map[uint64]string{}}
	own.most.Store(mostFunctions)
	l.chain, err = policy.NewChain([]policy.Policy{t, b, l.first, limit, own}, policy.WithObserver(o))
	return l, err
}

// errFailed is what functions fail with.
var errFailed = errors.New("soak: failed on purpose")

// once runs a function.
func (l *local) once(ctx context.Context, d *dice) {
	defer func() {
		if v := recover(); v != nil {
			l.panicked.Add(1)
		}
	}()
	if d.chance(0.3) {
		_ = policy.Run(ctx, l.alone, "alone", l.function(&l.inAlone, d)) // any error will do
		return
	}
	l.made.Add(1)
	err := l.chain.Run(ctx, "function", l.function(&l.inChain, d))
	if policy.IsRejection(err) {
		l.refused.Add(1)
	}
}

// function returns one that takes a while, fails and panics, and counts how many are
// within it.
func (l *local) function(within *atomic.Int64, d *dice) func(context.Context) error {
	return func(ctx context.Context) error {
		l.ran.Add(1)
		defer within.Add(-1)
		if n := within.Add(1); n > mostFunctions {
			l.add("places", "%d functions in a bulkhead of %d", n, mostFunctions)
		}
		_ = sleep(ctx, d.between(0, 5*time.Millisecond)) // it may be cut short
		switch {
		case d.chance(0.01):
			panic("on purpose") //nolint:forbidigo // places must be free after this, too
		case d.chance(0.1):
			return errFailed
		default:
			return nil
		}
	}
}

// check checks that all places are free and the books agree with telemetry's.
func (l *local) check(m meter) {
	for _, b := range []*bulkhead.Bulkhead{l.alone, l.first} {
		if s := b.Snapshot(); s.InFlight != 0 || s.Waiting != 0 {
			l.add("places", "at the end: %+v", s)
		}
	}
	agree(l.breaches, "functions", l.made.Load(), m.all("local"))
	agree(l.breaches, "refused functions", l.refused.Load(), m.refused("local"))
}

// agree checks that two counts of the same thing agree.
func agree(broken *breaches, what string, ours, telemetrys int64) {
	if ours != telemetrys {
		broken.add("telemetry", "%s: %d by our books, %d by telemetry", what, ours, telemetrys)
	}
}
