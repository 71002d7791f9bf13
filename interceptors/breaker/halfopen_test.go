package breaker_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The bug: a probe that ends in an ignored error keeps its slot, and the
// breaker stays half-open for ever (resilience4j #544, Polly #1979, monix
// #1080, Hystrix PR 1621).
func TestIgnoredProbeGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"cancelled", errCanceled},
		{"shed", status.Error(codes.ResourceExhausted, "busy")},
		{"our own rejection", &policy.Rejection{Kind: "other", Reason: policy.ReasonBulkheadFull}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := halfOpened(t, breaker.Config{})
				for range 10 {
					begin(t, b).end(tt.err)
					wantState(t, b, breaker.HalfOpen)
				}
				do(t, b, breaker.DefaultSuccessesToClose, nil)
				wantState(t, b, breaker.Closed)
			})
		})
	}
}

// The bug: a probe that panics or ends its goroutine keeps its slot (failsafe-go
// on panic, gobreaker on runtime.Goexit). It is a failure like any other.
func TestProbeThatNeverReturnsToItsCallerReopens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		f    func(context.Context) error
	}{
		{"panic", func(context.Context) error { panic("in the call") }},
		{"goexit", func(context.Context) error { runtime.Goexit(); return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := halfOpened(t, breaker.Config{})
				done := make(chan any)
				go func() {
					defer func() { done <- recover() }()
					_ = policy.Do(context.Background(), b, method, tt.f)
				}()
				<-done
				wantState(t, b, breaker.Open)
				time.Sleep(time.Until(b.Snapshot().RetryAt))
				do(t, b, breaker.DefaultSuccessesToClose, nil)
				wantState(t, b, breaker.Closed)
			})
		})
	}
}

// The bug: a probe that never answers keeps the breaker half-open for ever
// (resilience4j #935 and #903, gobreaker, Polly v8). Here it fails after
// ProbeTimeout, and the open time runs from that instant.
func TestHungProbeFailsAfterProbeTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{ProbeTimeout: 3 * time.Second, OpenFor: 5 * time.Second})
		hung := begin(t, b)
		time.Sleep(3*time.Second - 1)
		wantRefused(t, b)
		wantState(t, b, breaker.HalfOpen)
		time.Sleep(time.Nanosecond)
		r := refusal(t, b)
		wantState(t, b, breaker.Open)
		if got := time.Until(r.Retry); got != 10*time.Second {
			t.Errorf("retry in %v; want 10s, the second open time", got)
		}
		time.Sleep(10 * time.Second)
		probe := begin(t, b)
		hung.end(nil)
		if got := b.Snapshot(); got.ProbesSucceeded != 0 || got.Late != 1 {
			t.Errorf("after the late answer: %d successes, %d late; want 0 and 1", got.ProbesSucceeded, got.Late)
		}
		probe.end(nil)
		do(t, b, 2, nil)
		wantState(t, b, breaker.Closed)
	})
}

// A breaker that nobody calls while its probe hangs loses none of its open
// time: it is judged as of when the probe ran out.
func TestHungProbeIsJudgedAsOfItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{ProbeTimeout: time.Second, OpenFor: 5 * time.Second})
		hung := begin(t, b)
		defer hung.end(nil)
		time.Sleep(time.Second + 10*time.Second)
		begin(t, b).end(nil)
		wantState(t, b, breaker.HalfOpen)
	})
}

// A probe's time runs from when it started, not while it waits in our own queue
// further in; one that waits for too long only loses its slot.
func TestProbeTimeRunsFromStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{ProbeTimeout: time.Second})
		chain, err := policy.NewChain([]policy.Policy{b, waits(900 * time.Millisecond)})
		if err != nil {
			t.Fatal(err)
		}
		c := new(inFlight)
		c.admission.Call = policy.Call{Method: method}
		if _, err := chain.Admit(context.Background(), &c.admission); err != nil {
			t.Fatal(err)
		}
		time.Sleep(900 * time.Millisecond)
		wantRefused(t, b)
		wantState(t, b, breaker.HalfOpen)
		c.end(nil)
		if got := b.Snapshot().ProbesSucceeded; got != 1 {
			t.Errorf("probes succeeded = %d; want 1", got)
		}
	})
}

// waits is a policy that blocks every call for a time.
type waits time.Duration

func (waits) Layer() policy.Layer { return policy.LayerBulkhead }

func (w waits) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	began := policy.Now()
	time.Sleep(time.Duration(w))
	call.Blocked(began)
	return policy.Permit{}, nil
}

// full is a policy that refuses every call.
type full struct{}

var errFull = &policy.Rejection{Kind: "full", Method: method, Reason: policy.ReasonBulkheadFull}

func (full) Layer() policy.Layer { return policy.LayerBulkhead }

func (full) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, errFull
}

// The bug: a probe that a bulkhead further in refuses burns the half-open slot
// (sentinel-golang #196, cep21/circuit PR #159).
func TestProbeRefusedFurtherInGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{})
		for range 5 {
			if _, err := try(t, policy.Call{}, b, full{}); !errors.Is(err, errFull) {
				t.Fatalf("error = %v; want the bulkhead's", err)
			}
		}
		wantState(t, b, breaker.HalfOpen)
		do(t, b, breaker.DefaultSuccessesToClose, nil)
		wantState(t, b, breaker.Closed)
	})
}

// The bug: every caller is let through until the first probe answers (Polly
// #216, OpenLiberty #7080, mercari/go-circuitbreaker), or one more than allowed
// at the step from open to half-open (resilience4j #1432).
func TestNoMoreProbesThanAllowed(t *testing.T) {
	t.Parallel()
	for _, probes := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			b := halfOpened(t, breaker.Config{Probes: probes})
			var admitted atomic.Int64
			var all sync.WaitGroup
			release := make(chan struct{})
			for range 100 {
				all.Go(func() {
					_ = policy.Do(context.Background(), b, method, func(context.Context) error {
						admitted.Add(1)
						<-release
						return nil
					})
				})
			}
			synctest.Wait()
			if got := admitted.Load(); got != int64(probes) {
				t.Errorf("%d of 100 calls were let through; want %d", got, probes)
			}
			close(release)
			all.Wait()
		})
	}
}

// The bug: a result of before the breaker opened is judged by the state it
// meets, so that an old success closes a half-open breaker while its probe is
// out, and an old failure reopens it (Polly #217, resilience4j, failsafe-go,
// cep21/circuit PR #159).
func TestLateResultsChangeNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
	}{{"success", nil}, {"failure", errDown}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(breaker.Config{SuccessesToClose: 1}))
				early := []*inFlight{begin(t, b), begin(t, b), begin(t, b)}
				do(t, b, breaker.DefaultConsecutiveFailures, errDown)
				early[0].end(tt.err)
				wantState(t, b, breaker.Open)
				time.Sleep(breaker.DefaultOpenFor)
				probe := begin(t, b)
				early[1].end(tt.err)
				wantState(t, b, breaker.HalfOpen)
				probe.end(nil)
				wantState(t, b, breaker.Closed)
				early[2].end(tt.err)
				if got := b.Snapshot(); got.Calls != 0 || got.ConsecutiveFailures != 0 || got.Late != 3 {
					t.Errorf("after closing: %d calls, run of %d, %d late; want 0, 0 and 3",
						got.Calls, got.ConsecutiveFailures, got.Late)
				}
			})
		})
	}
}

// A probe that outlives its round of probes must not close the breaker that
// another probe of the round has reopened.
func TestProbeOfAPastRoundIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{Probes: 2, SuccessesToClose: 1})
		first, second := begin(t, b), begin(t, b)
		first.end(errDown)
		second.end(nil)
		wantState(t, b, breaker.Open)
		if got := b.Snapshot().Late; got != 1 {
			t.Errorf("late = %d; want 1", got)
		}
	})
}

func TestHalfOpenNeedsSuccessesToClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SuccessesToClose: 3})
		do(t, b, 2, nil)
		wantState(t, b, breaker.HalfOpen)
		begin(t, b).end(errNotFound) // the dependency answered
		wantState(t, b, breaker.Closed)
	})
}

func TestFailedProbeReopens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{})
		do(t, b, 2, nil)
		begin(t, b).end(errDown)
		wantState(t, b, breaker.Open)
		time.Sleep(time.Until(b.Snapshot().RetryAt))
		do(t, b, 2, nil)
		wantState(t, b, breaker.HalfOpen) // the successes of before do not count
	})
}

func TestSlowProbeReopens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SlowAfter: 100 * time.Millisecond})
		probe := begin(t, b)
		time.Sleep(100 * time.Millisecond)
		probe.end(nil)
		wantState(t, b, breaker.Open)
	})
}
