package ratelimit_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

const method = "/shop.v1.Prices/Get"

func call() policy.Call { return policy.Call{Method: method} }

func newLimiter(tb testing.TB, cfg ratelimit.Config, opts ...ratelimit.Option) *ratelimit.Limiter {
	tb.Helper()
	l, err := ratelimit.New(cfg, opts...)
	if err != nil {
		tb.Fatalf("New(%+v) = %v", cfg, err)
	}
	return l
}

// patient has one token per second and lets calls wait for as long as any test.
func patient() ratelimit.Config {
	return ratelimit.Config{PerSecond: 1, Burst: 1, MaxWait: time.Hour}
}

// take takes a token, which must be there.
func take(tb testing.TB, l *ratelimit.Limiter) {
	tb.Helper()
	asked := new(call())
	if _, err := l.Acquire(tb.Context(), asked); err != nil || asked.Waited != 0 {
		tb.Fatalf("Acquire = %v after %v; want a token at once", err, asked.Waited)
	}
}

// emptied is a limiter whose burst is used up.
func emptied(tb testing.TB, cfg ratelimit.Config) *ratelimit.Limiter {
	tb.Helper()
	l := newLimiter(tb, cfg)
	for range l.Snapshot().Burst {
		take(tb, l)
	}
	return l
}

// wantRefused checks the refusal of a call that can be tried again after so
// long, never if negative.
func wantRefused(tb testing.TB, err, want error, retry time.Duration) {
	tb.Helper()
	r, ok := errors.AsType[*policy.Rejection](err)
	if !ok || !errors.Is(err, want) || r.Method != method {
		tb.Errorf("err = %v; want %v of %s", err, want, method)
		return
	}
	if retry < 0 {
		if !r.Retry.IsZero() {
			tb.Errorf("to be retried in %v; want it not known", time.Until(r.Retry))
		}
		return
	}
	if got := time.Until(r.Retry); got != retry {
		tb.Errorf("to be retried in %v; want %v", got, retry)
	}
}

func wantError(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("err = %v; want %v", err, want)
	}
}

// attempt is an Acquire in a goroutine of its own.
type attempt struct{ result atomic.Pointer[result] }

type result struct {
	permit policy.Permit
	call   *policy.Call
	err    error
	// after is how long Acquire blocked.
	after time.Duration
}

// ask starts an attempt and lets it get as far as it can.
func ask(ctx context.Context, l *ratelimit.Limiter) *attempt {
	var a attempt
	began := time.Now()
	go func() {
		asked := new(call())
		p, err := l.Acquire(ctx, asked)
		a.result.Store(&result{p, asked, err, time.Since(began)})
	}()
	synctest.Wait()
	return &a
}

// over returns how a ended. It must have.
func (a *attempt) over(tb testing.TB) result {
	tb.Helper()
	synctest.Wait()
	r := a.result.Load()
	if r == nil {
		tb.Fatal("the attempt waits; want it over")
	}
	return *r
}

func wantWaiting(tb testing.TB, attempts ...*attempt) {
	tb.Helper()
	synctest.Wait()
	for i, a := range attempts {
		if r := a.result.Load(); r != nil {
			tb.Errorf("attempt %d is over with %v after %v; want it to wait", i, r.err, r.after)
		}
	}
}

// wantServed checks attempts that came to their turn after these times.
func wantServed(tb testing.TB, attempts []*attempt, after ...time.Duration) {
	tb.Helper()
	for i, a := range attempts {
		r := a.over(tb)
		if r.err != nil || r.after != after[i] || r.call.Waited != after[i] {
			tb.Errorf("attempt %d: err = %v after %v, waited %v; want a token after %v", i, r.err, r.after, r.call.Waited, after[i])
		}
	}
}

func wantCounts(tb testing.TB, l *ratelimit.Limiter, tokens float64, waiting int) {
	tb.Helper()
	if s := l.Snapshot(); s.Tokens != tokens || s.Waiting != waiting {
		tb.Errorf("%v tokens and %d waiting; want %v and %d", s.Tokens, s.Waiting, tokens, waiting)
	}
}
