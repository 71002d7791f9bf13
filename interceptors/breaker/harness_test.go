package breaker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const method = "/shop.Catalog/Get"

var (
	errDown     = status.Error(codes.Unavailable, "down")
	errNotFound = status.Error(codes.NotFound, "no such thing")
	errCanceled = status.Error(codes.Canceled, "gone")
	errDeadline = status.Error(codes.DeadlineExceeded, "too late")
)

// exact is a configuration whose open times do not vary.
func exact(cfg breaker.Config) breaker.Config {
	cfg.NoJitter = true
	return cfg
}

func newBreaker(t testing.TB, cfg breaker.Config, opts ...breaker.Option) *breaker.Breaker {
	t.Helper()
	b, err := breaker.New(cfg, opts...)
	if err != nil {
		t.Fatalf("New(%+v): %v", cfg, err)
	}
	return b
}

// inFlight is a call that a test ends by hand.
type inFlight struct{ admission policy.Admission }

func (c *inFlight) end(err error) { c.admission.Settle(policy.Outcome{Err: err}) }

// try starts a call under the policies, the outermost first.
func try(t testing.TB, call policy.Call, policies ...policy.Policy) (*inFlight, error) {
	t.Helper()
	chain, err := policy.NewChain(policies)
	if err != nil {
		t.Fatal(err)
	}
	if call.Method == "" {
		call.Method = method
	}
	c := new(inFlight)
	_, err = chain.Admit(context.Background(), call, &c.admission)
	return c, err
}

// begin starts a unary call that must be admitted.
func begin(t testing.TB, b *breaker.Breaker) *inFlight {
	t.Helper()
	c, err := try(t, policy.Call{}, b)
	if err != nil {
		t.Fatalf("call refused in state %v: %v", b.State(), err)
	}
	return c
}

// do makes n calls that end at once with err. They must be admitted.
func do(t testing.TB, b *breaker.Breaker, n int, err error) {
	t.Helper()
	for range n {
		begin(t, b).end(err)
	}
}

// wantRefused makes a call that must be refused.
func wantRefused(t testing.TB, b *breaker.Breaker) *policy.Rejection {
	t.Helper()
	_, err := try(t, policy.Call{}, b)
	var r *policy.Rejection
	if !errors.Is(err, breaker.ErrOpen) || !errors.As(err, &r) {
		t.Fatalf("in state %v: error = %v; want a rejection by an open breaker", b.State(), err)
	}
	return r
}

func wantState(t testing.TB, b *breaker.Breaker, want breaker.State) {
	t.Helper()
	if got := b.State(); got != want {
		t.Fatalf("state = %v; want %v", got, want)
	}
}

// tripped returns a breaker that opened just now, by a run of failures.
func tripped(t testing.TB, cfg breaker.Config, opts ...breaker.Option) *breaker.Breaker {
	t.Helper()
	b := newBreaker(t, exact(cfg), opts...)
	do(t, b, breaker.DefaultConsecutiveFailures, errDown)
	wantState(t, b, breaker.Open)
	return b
}

// halfOpened returns a breaker whose open time is just over: the next call is a
// probe. It moves virtual time.
func halfOpened(t testing.TB, cfg breaker.Config, opts ...breaker.Option) *breaker.Breaker {
	t.Helper()
	b := tripped(t, cfg, opts...)
	time.Sleep(time.Until(b.Snapshot().RetryAt))
	return b
}

// toFullSecond moves virtual time to where a window's buckets of a second turn.
func toFullSecond() {
	const second = policy.Instant(time.Second)
	past := (policy.Now()%second + second) % second
	time.Sleep(time.Duration(second - past))
}
