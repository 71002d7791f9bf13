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
					_ = policy.Run(context.Background(), b, method, tt.f)
				}()
				<-done
				wantState(t, b, breaker.Open)
				probeDue(b)
				do(t, b, breaker.DefaultSuccessesToClose, nil)
				wantState(t, b, breaker.Closed)
			})
		})
	}
}

// The bug: a probe that never answers keeps the breaker half-open for ever
// (resilience4j #935 and #903, gobreaker, Polly v8). Here others are sent when they are
// due, up to Probes, and one that runs for ProbeTimeout makes room for another.
func TestHungProbesMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := slowToFail(t, breaker.Config{ProbeTimeout: 30 * time.Second, OpenFor: 2 * time.Second})
		var hung []*inFlight
		for range breaker.DefaultProbes {
			probeDue(b)
			hung = append(hung, begin(t, b))
		}
		last := time.Now()
		probeDue(b)
		if wait := time.Since(last); wait < 20*time.Second {
			t.Fatalf("the fourth probe %v after the third; want the first to run for 30s before", wait)
		}
		probe := begin(t, b)
		probe.end(errDown)
		wantState(t, b, breaker.HalfOpen) // two are running
		hung[0].end(nil)                  // it had no place any more, but it is an answer
		wantState(t, b, breaker.Closed)
		hung[1].end(errDown)
		if got := b.Snapshot(); got.Late != 1 || got.Calls != 0 {
			t.Errorf("after the late answer: %d late, %d calls; want 1 and 0", got.Late, got.Calls)
		}
	})
}

// slowToFail returns a breaker that opened because of calls that took a minute to fail, so
// that no probe outlives them soon.
func slowToFail(t *testing.T, cfg breaker.Config) *breaker.Breaker {
	t.Helper()
	b := newBreaker(t, exact(cfg))
	take(t, b, inARow, time.Minute, errDown)
	wantState(t, b, breaker.Open)
	return b
}

// hungOpen returns a breaker that opened because calls in flight are silent.
func hungOpen(t *testing.T, cfg breaker.Config) *breaker.Breaker {
	t.Helper()
	cfg.SlowAfter = slowAfter
	b := newBreaker(t, exact(cfg))
	do(t, b, 100, nil)
	time.Sleep(slowAfter)
	for b.State() == breaker.Closed {
		if _, err := try(t, policy.Call{}, b); err != nil {
			break
		}
		time.Sleep(slowAfter / 8)
	}
	return b
}

// A quiet subscription or a long poll may not answer for hours. Once it runs for much
// longer than the calls that failed, it is a good probe.
func TestProbeThatOutlivesTheFailuresIsGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{})
		quiet := beginStream(t, b)
		time.Sleep(time.Second)
		begin(t, b).end(nil)
		wantState(t, b, breaker.Closed)
		quiet.end(errDown) // of an earlier state
		wantState(t, b, breaker.Closed)
	})
	synctest.Test(t, func(t *testing.T) { // the control: where calls take as long to fail
		b := newBreaker(t, exact(breaker.Config{}))
		take(t, b, inARow, 5*time.Second, errDown)
		time.Sleep(time.Minute)
		defer begin(t, b).end(nil)
		time.Sleep(14 * time.Second)
		_, _ = try(t, policy.Call{}, b)
		if got := b.Snapshot(); got.State == breaker.Closed {
			t.Errorf("a probe that runs for 14s closed what took 5s to fail: %+v", got)
		}
		time.Sleep(time.Second)
		begin(t, b).end(nil)
		wantState(t, b, breaker.Closed)
	})
	synctest.Test(t, func(t *testing.T) { // the control: where calls hung
		b := hungOpen(t, breaker.Config{})
		probeDue(b)
		_ = begin(t, b)
		time.Sleep(time.Minute)
		wantState(t, b, breaker.HalfOpen)
		_, _ = try(t, policy.Call{}, b)
		if got := b.Snapshot(); got.State == breaker.Closed {
			t.Errorf("a probe that hangs as all did closed the circuit: %+v", got)
		}
	})
}

// A probe's time runs from when it started, not while it waits in our own queue
// further in.
func TestProbeTimeRunsFromStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := slowToFail(t, breaker.Config{ProbeTimeout: 10 * time.Second, Probes: 1})
		probeDue(b)
		chain, err := policy.NewChain([]policy.Policy{b, waits(9 * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		c := new(inFlight)
		c.admission.Call = policy.Call{Method: method}
		if _, err := chain.Admit(context.Background(), &c.admission); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Second)
		wantRefused(t, b)
		c.end(nil)
		wantState(t, b, breaker.Closed)
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
// at the step from open to half-open (resilience4j #1432). One is let through each time
// that one is due, and at most Probes run.
func TestNoMoreProbesThanAllowed(t *testing.T) {
	t.Parallel()
	for _, probes := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			b := slowToFail(t, breaker.Config{Probes: probes, ProbeTimeout: time.Hour})
			var admitted atomic.Int64
			var all sync.WaitGroup
			release := make(chan struct{})
			for due := range probes + 3 {
				time.Sleep(breaker.DefaultOpenFor)
				for range 100 {
					all.Go(func() {
						_ = policy.Run(context.Background(), b, method, func(context.Context) error {
							admitted.Add(1)
							<-release
							return errDown
						})
					})
				}
				synctest.Wait()
				if got, want := admitted.Load(), int64(min(due+1, probes)); got != want {
					t.Errorf("%d calls were let through when the probe %d was due; want %d", got, due+1, want)
				}
			}
			close(release)
			all.Wait()
			if got := b.Snapshot().ProbesInFlight; got != 0 {
				t.Errorf("%d probes in flight after all ended", got)
			}
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
				do(t, b, inARow, errDown)
				early[0].end(tt.err)
				wantState(t, b, breaker.Open)
				probeDue(b)
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

// A probe that outlives its outage must not open the circuit that another probe closed.
func TestProbeOfAPastRoundIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := slowToFail(t, breaker.Config{Probes: 2, SuccessesToClose: 1})
		probeDue(b)
		first := begin(t, b)
		probeDue(b)
		second := begin(t, b)
		first.end(nil)
		wantState(t, b, breaker.Closed)
		second.end(errDown)
		wantState(t, b, breaker.Closed)
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

func TestFailedProbeKeepsItOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SuccessesToClose: 3})
		do(t, b, 2, nil)
		begin(t, b).end(errDown)
		wantState(t, b, breaker.Open)
		probeDue(b)
		do(t, b, 2, nil)
		wantState(t, b, breaker.HalfOpen) // the successes of before do not count
	})
}

func TestSlowProbeKeepsItOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SlowAfter: 100 * time.Millisecond})
		probe := begin(t, b)
		time.Sleep(100 * time.Millisecond)
		probe.end(nil)
		wantState(t, b, breaker.Open)
	})
}
