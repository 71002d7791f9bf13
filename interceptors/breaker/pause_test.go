package breaker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// deadlines makes n calls at once with a deadline, each of which is seen to have run out of
// time so long after it.
func deadlines(t *testing.T, b *breaker.Breaker, n int, given, late time.Duration) {
	t.Helper()
	chain, err := policy.NewChain([]policy.Policy{b})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), given)
	defer cancel()
	calls := make([]policy.Admission, n)
	for i := range calls {
		calls[i].Call = policy.Call{Method: method}
		calls[i].Call.Deadline, _ = ctx.Deadline()
		if _, err := chain.Admit(ctx, &calls[i]); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(given + late)
	for i := range calls {
		calls[i].Settle(errDeadline)
	}
}

// A process that is stopped for two seconds sees, when it goes on, that the time of all its
// calls is up: their answers may be here, and nothing is known of the dependency.
func TestPauseOfTheProcessOpensNothing(t *testing.T) {
	t.Parallel()
	for _, cfg := range []breaker.Config{{}, {ConsecutiveFailures: 3}, {SlowAfter: 50 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, cfg)
			healthyFor(t, b, time.Second)
			deadlines(t, b, 20, 500*time.Millisecond, 1500*time.Millisecond)
			wantState(t, b, breaker.Closed)
			if got := b.Snapshot(); got.Failures != 0 {
				t.Errorf("%d failures", got.Failures)
			}
		})
	}
}

// The control: the server is stopped instead. The deadlines are seen in time.
func TestPauseOfTheServerOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		healthyFor(t, b, time.Second)
		deadlines(t, b, 20, 500*time.Millisecond, 10*time.Millisecond)
		wantState(t, b, breaker.Open)
	})
}

// A caller gave a call so much time that no dependency can answer in it. That this process
// was busy, and saw it late, gave the dependency no more.
func TestShortDeadlineSeenLateOpensNothing(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, breaker.Config{})
			if known {
				healthyFor(t, b, time.Second)
			}
			for range 40 {
				deadlines(t, b, 1, 500*time.Microsecond, 30*time.Millisecond)
			}
			wantState(t, b, breaker.Closed)
			if got := b.Snapshot(); got.Failures != 0 {
				t.Errorf("healthy calls known: %t; %d failures; want none", known, got.Failures)
			}
		})
	}
}

// The control: as late, but the time that was given would have been enough.
func TestLongDeadlineSeenLateOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		for i := 0; i < 40 && b.State() == breaker.Closed; i++ {
			deadlines(t, b, 1, 100*time.Millisecond, 30*time.Millisecond)
		}
		wantState(t, b, breaker.Open)
	})
}
