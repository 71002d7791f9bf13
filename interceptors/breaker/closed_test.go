package breaker_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// byRatio judges by the ratio alone.
func byRatio(ratio float64, minCalls int) breaker.Config {
	return exact(breaker.Config{FailureRatio: ratio, MinCalls: minCalls, ConsecutiveFailures: breaker.Off})
}

// The bugs: the threshold is met only when passed (resilience4j #6), or missed
// at an exact share by floating point or rounding (cep21/circuit PR #159,
// failsafe-go).
func TestRatioIsMetExactly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ratio           float64
		calls, failures int
	}{
		{0.5, 20, 10},
		{0.07, 100, 7},
		{0.29, 100, 29},
		{0.57, 100, 57},
		{0.1, 30, 3},
		{1.0 / 3, 30, 10},
		{0.001, 1000, 1},
		{1, 20, 20},
	} {
		t.Run(fmt.Sprintf("%v of %d", tt.ratio, tt.calls), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, byRatio(tt.ratio, tt.calls))
				do(t, b, tt.calls-tt.failures, nil)
				do(t, b, tt.failures-1, errDown)
				wantState(t, b, breaker.Closed)
				do(t, b, 1, errDown)
				wantState(t, b, breaker.Open)
			})
		})
	}
}

func TestRatioBelowIsNotMet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, byRatio(0.5, 20))
		do(t, b, 11, nil)
		do(t, b, 10, errDown)
		wantState(t, b, breaker.Closed)
	})
}

func TestMinCallsAreNeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, byRatio(0.5, 20))
		do(t, b, 19, errDown)
		wantState(t, b, breaker.Closed)
		do(t, b, 1, errDown)
		wantState(t, b, breaker.Open)
	})
}

// A plain success never opens, even when it brings the calls to MinCalls.
func TestSuccessNeverTrips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, byRatio(0.5, 20))
		do(t, b, 19, errDown)
		do(t, b, 1, nil)
		wantState(t, b, breaker.Closed)
	})
}

// The bugs: a window loses what it should keep or keeps what it should lose
// after a pause (cep21/circuit PR #159, failsafe-go, resilience4j #1262).
func TestWindowAfterPause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		pause time.Duration
		want  int
	}{
		{"kept within the window", 9*time.Second - 1, 15},
		{"lost after the window", 10 * time.Second, 0},
		{"lost after many windows", 24 * time.Hour, 0},
		{"lost when the same bucket comes round", 110 * time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, byRatio(1, 20))
				do(t, b, 15, errDown)
				time.Sleep(tt.pause)
				if got := b.Snapshot().Calls; got != tt.want {
					t.Fatalf("window holds %d calls; want %d", got, tt.want)
				}
				do(t, b, 20-tt.want-1, errDown)
				wantState(t, b, breaker.Closed)
				do(t, b, 1, errDown)
				wantState(t, b, breaker.Open)
			})
		})
	}
}

func TestWindowSlidesByBuckets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, byRatio(1, 1000))
		for range 25 {
			do(t, b, 2, nil)
			time.Sleep(time.Second)
		}
		if got := b.Snapshot().Calls; got != 18 {
			t.Errorf("window holds %d calls; want 18: nine full buckets of 2 and the running one", got)
		}
	})
}

func TestCountedWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := byRatio(0.5, 0)
		cfg.WindowCalls = 10
		b := newBreaker(t, cfg)
		do(t, b, 6, nil)
		do(t, b, 4, errDown)
		wantState(t, b, breaker.Closed)
		time.Sleep(24 * time.Hour) // such a window does not look at the time
		do(t, b, 1, errDown)       // the sixth failure-free call drops out
		wantState(t, b, breaker.Open)
	})
}

func TestConsecutiveFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Consecutive(5, 30*time.Second)))
		do(t, b, 1000, nil)
		do(t, b, 4, errDown)
		do(t, b, 1, errNotFound)
		do(t, b, 2, errDown)
		do(t, b, 3, errCanceled) // says nothing, so it does not break the run
		do(t, b, 2, errDown)
		wantState(t, b, breaker.Closed)
		do(t, b, 1, errDown)
		wantState(t, b, breaker.Open)
		if got := b.Config().OpenFor; got != 30*time.Second {
			t.Errorf("open for %v at most; want 30s", got)
		}
	})
}

// The bugs: a breaker's own refusals count as failures, so it never recovers
// (kratos #2777, go-zero PR #5551); so do those of policies further in.
func TestRefusalsAreNotFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}))
		for range 100 {
			if _, err := try(t, policy.Call{}, b, full{}); err == nil {
				t.Fatal("the inner policy admitted")
			}
		}
		do(t, b, 100, &policy.Rejection{Kind: "breaker", Reason: policy.ReasonCircuitOpen, Err: breaker.ErrOpen})
		if got := b.Snapshot(); got.State != breaker.Closed || got.Calls != 0 {
			t.Errorf("state %v with %d calls; want closed with none", got.State, got.Calls)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{OpenFor: time.Second})
		for range 1000 {
			wantRefused(t, b)
		}
		time.Sleep(time.Second)
		do(t, b, breaker.DefaultSuccessesToClose, nil)
		wantState(t, b, breaker.Closed)
	})
}

// The bugs: a caller's cancel counts against the dependency (resilience4j #682,
// gobreaker) or for it (go-zero, Polly); a caller's deadline hides a timeout
// (cep21/circuit #95).
func TestCancelSaysNothingAndDeadlineFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}))
		do(t, b, 100, errCanceled)
		do(t, b, 100, context.Canceled)
		if got := b.Snapshot().Calls; got != 0 {
			t.Errorf("%d cancelled calls were counted", got)
		}
		do(t, b, inARow, errDeadline)
		wantState(t, b, breaker.Open)
	})
}

func TestMinDeadlineExcusesHurriedCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{MinDeadline: 50 * time.Millisecond}))
		end := func(given time.Duration, n int, err error) {
			for range n {
				c, refused := try(t, policy.Call{Deadline: time.Now().Add(given)}, b)
				if refused != nil {
					t.Fatal(refused)
				}
				c.end(err)
			}
		}
		end(50*time.Millisecond-1, 100, errDeadline)
		if got := b.Snapshot().Calls; got != 0 {
			t.Errorf("%d calls of hurried callers were counted", got)
		}
		end(50*time.Millisecond-1, 1, errDown)
		end(50*time.Millisecond, inARow-1, errDeadline)
		wantState(t, b, breaker.Open)
	})
}

func TestClassifierReplacesTheDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}), breaker.WithClassifier(func(err error) policy.Verdict {
			switch status.Code(err) {
			case codes.NotFound:
				return policy.Failure
			case codes.Unavailable:
				panic("classifier")
			default:
				return policy.Success
			}
		}))
		do(t, b, 5, errNotFound)
		do(t, b, inARow-5, errDown) // a classifier that panics counts as failure
		wantState(t, b, breaker.Open)
	})
}
