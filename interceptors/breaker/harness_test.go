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

// inARow is how many failures open a breaker that has seen nothing else.
const inARow = 15

// rareInARow is the same of calls that are rarer than the window remembers.
const rareInARow = 24

// exact is a configuration whose waits do not vary, and in which a circuit closes at once
// unless it says otherwise.
func exact(cfg breaker.Config) breaker.Config {
	cfg.NoJitter = true
	if cfg.SlowStart == 0 {
		cfg.SlowStart = breaker.Off
	}
	return cfg
}

func newBreaker(tb testing.TB, cfg breaker.Config, opts ...breaker.Option) *breaker.Breaker {
	tb.Helper()
	b, err := breaker.New(cfg, opts...)
	if err != nil {
		tb.Fatalf("New(%+v): %v", cfg, err)
	}
	return b
}

// inFlight is a call that a test ends by hand.
type inFlight struct{ admission policy.Admission }

// end ends the call. Who cancels is its caller.
func (c *inFlight) end(err error) {
	if policy.Code(err) == codes.Canceled {
		c.admission.SettleAs(policy.Outcome{Err: err, Evidence: policy.Evidence{Over: codes.Canceled}})
		return
	}
	c.admission.Settle(err)
}

// try starts a call under the policies, the outermost first.
func try(tb testing.TB, call policy.Call, policies ...policy.Policy) (*inFlight, error) {
	tb.Helper()
	chain, err := policy.NewChain(policies)
	if err != nil {
		tb.Fatal(err)
	}
	if call.Method == "" {
		call.Method = method
	}
	c := new(inFlight)
	c.admission.Call = call
	_, err = chain.Admit(context.Background(), &c.admission)
	return c, err
}

// begin starts a unary call that must be admitted.
func begin(tb testing.TB, b *breaker.Breaker) *inFlight {
	tb.Helper()
	c, err := try(tb, policy.Call{}, b)
	if err != nil {
		tb.Fatalf("call refused in state %v: %v", b.State(), err)
	}
	return c
}

// do makes n calls that end at once with err. They must be admitted.
func do(tb testing.TB, b *breaker.Breaker, n int, err error) {
	tb.Helper()
	for range n {
		begin(tb, b).end(err)
	}
}

// wantRefused makes a call that must be refused.
func wantRefused(tb testing.TB, b *breaker.Breaker) {
	tb.Helper()
	_ = refusal(tb, b)
}

// refusal makes a call that must be refused, and returns how it was.
func refusal(tb testing.TB, b *breaker.Breaker) *policy.Rejection {
	tb.Helper()
	_, err := try(tb, policy.Call{}, b)
	var r *policy.Rejection
	if !errors.Is(err, breaker.ErrOpen) || !errors.As(err, &r) {
		tb.Fatalf("in state %v: error = %v; want a rejection by an open breaker", b.State(), err)
	}
	return r
}

func wantState(tb testing.TB, b *breaker.Breaker, want breaker.State) {
	tb.Helper()
	if got := b.State(); got != want {
		tb.Fatalf("state = %v; want %v", got, want)
	}
}

// tripped returns a breaker that opened just now, by a run of failures.
func tripped(tb testing.TB, cfg breaker.Config) *breaker.Breaker {
	tb.Helper()
	b := newBreaker(tb, exact(cfg))
	do(tb, b, inARow, errDown)
	wantState(tb, b, breaker.Open)
	return b
}

// failUntilOpen has calls fail until the breaker opens.
func failUntilOpen(tb testing.TB, b *breaker.Breaker) {
	tb.Helper()
	for range 100 {
		if b.State() != breaker.Closed {
			return
		}
		do(tb, b, 1, errDown)
	}
	wantState(tb, b, breaker.Open)
}

// probeDue waits until the next call is a probe.
func probeDue(b *breaker.Breaker) { time.Sleep(time.Until(b.Snapshot().RetryAt)) }

// halfOpened returns a breaker whose open time is just over: the next call is a
// probe. It moves virtual time.
func halfOpened(tb testing.TB, cfg breaker.Config) *breaker.Breaker {
	tb.Helper()
	b := tripped(tb, cfg)
	probeDue(b)
	return b
}

// toFullSecond moves virtual time to where a window's buckets of a second turn.
func toFullSecond() {
	const second = policy.Instant(time.Second)
	past := (policy.Now()%second + second) % second
	time.Sleep(time.Duration(second - past))
}
