package bulkhead_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const method = "/shop.v1.Payments/Charge"

func call() policy.Call { return policy.Call{Method: method} }

func newBulkhead(tb testing.TB, cfg bulkhead.Config, opts ...bulkhead.Option) *bulkhead.Bulkhead {
	tb.Helper()
	b, err := bulkhead.New(cfg, opts...)
	if err != nil {
		tb.Fatalf("New(%+v) = %v", cfg, err)
	}
	return b
}

// queued has places and seats, and patience beyond any test's.
func queued(places, seats int) bulkhead.Config {
	return bulkhead.Config{MaxConcurrent: places, MaxQueue: seats, MaxWait: time.Hour}
}

// take takes a place, which must be free.
func take(tb testing.TB, b *bulkhead.Bulkhead) policy.Permit {
	tb.Helper()
	p, err := b.Acquire(tb.Context(), new(call()))
	if err != nil {
		tb.Fatalf("Acquire = %v; want a place", err)
	}
	return p
}

// giveBack settles a call that says nothing of its hold time.
func giveBack(p policy.Permit) { p.Settler.Settle(p.Token, &policy.Outcome{}) }

// giveBackAfter settles a call that held its place for so long.
func giveBackAfter(p policy.Permit, hold time.Duration) {
	const started = policy.Instant(1)
	p.Settler.Settle(p.Token, &policy.Outcome{Started: started, End: started.Add(hold)})
}

// attempt is an Acquire in a goroutine of its own.
type attempt struct{ result atomic.Pointer[result] }

// result is how an attempt ended.
type result struct {
	permit policy.Permit
	call   *policy.Call
	err    error
	// after is how long Acquire blocked.
	after time.Duration
}

// ask starts an attempt and lets it get as far as it can.
func ask(ctx context.Context, b *bulkhead.Bulkhead) *attempt {
	var a attempt
	began := time.Now()
	go func() {
		asked := new(call())
		p, err := b.Acquire(ctx, asked)
		a.result.Store(&result{p, asked, err, time.Since(began)})
	}()
	synctest.Wait()
	return &a
}

func wantWaiting(tb testing.TB, attempts ...*attempt) {
	tb.Helper()
	for i, a := range attempts {
		if r := a.result.Load(); r != nil {
			tb.Errorf("attempt %d is over with %v; want it to wait", i, r.err)
		}
	}
}

// wantAdmitted returns the permit of a, which must have come after so long.
func wantAdmitted(t *testing.T, a *attempt, after time.Duration) policy.Permit {
	t.Helper()
	r := a.result.Load()
	if r == nil {
		t.Fatal("the attempt waits; want a place")
	}
	if r.err != nil || r.after != after {
		t.Fatalf("err = %v after %v; want a place after %v", r.err, r.after, after)
	}
	return r.permit
}

func wantRefused(t *testing.T, a *attempt, want error, after time.Duration) {
	t.Helper()
	r := a.result.Load()
	if r == nil {
		t.Fatalf("the attempt waits; want %v", want)
	}
	if !errors.Is(r.err, want) || r.after != after || r.call.Waited != after {
		t.Errorf("err = %v after %v, waited %v; want %v after %v", r.err, r.after, r.call.Waited, want, after)
	}
}

func wantError(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("err = %v; want %v", err, want)
	}
}

func wantCounts(tb testing.TB, b *bulkhead.Bulkhead, inFlight, waiting int) {
	tb.Helper()
	if s := b.Snapshot(); s.InFlight != inFlight || s.Waiting != waiting {
		tb.Errorf("%d in flight and %d waiting; want %d and %d", s.InFlight, s.Waiting, inFlight, waiting)
	}
}
