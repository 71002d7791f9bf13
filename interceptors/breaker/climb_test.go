package breaker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// climbing returns a breaker whose first probe was good just now.
func climbing(t *testing.T, cfg breaker.Config) *breaker.Breaker {
	t.Helper()
	cfg.SlowStart = breaker.DefaultSlowStart
	b := halfOpened(t, cfg)
	begin(t, b).end(nil)
	wantState(t, b, breaker.HalfOpen)
	return b
}

// admittedOf makes n calls that end with err, and returns how many were let in.
func admittedOf(t *testing.T, b *breaker.Breaker, n int, err error) (admitted int) {
	t.Helper()
	for range n {
		if c, refused := try(t, policy.Call{}, b); refused == nil {
			admitted++
			c.end(err)
		}
	}
	return admitted
}

// After a good probe 10, 25 and 50 % pass, each for a third of SlowStart, and then all.
func TestShareClimbs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := climbing(t, breaker.Config{})
		for _, want := range []int{10, 25, 50, 100} {
			if got := admittedOf(t, b, 100, nil); got != want {
				t.Errorf("%d of 100 admitted; want %d", got, want)
			}
			time.Sleep(breaker.DefaultSlowStart / 3)
		}
		wantState(t, b, breaker.Closed)
	})
}

// Where calls fail again the share steps back, and only from its first step to the start.
func TestShareStepsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := climbing(t, breaker.Config{})
		for range 2 {
			admittedOf(t, b, 100, nil)
			time.Sleep(breaker.DefaultSlowStart / 3)
		}
		admittedOf(t, b, 2, nil)
		if got := b.Snapshot().AdmittedShare; got != 0.5 {
			t.Fatalf("admitted share %v; want 0.5", got)
		}
		admittedOf(t, b, 20, errDown)
		if got := b.Snapshot().AdmittedShare; got != 0.25 {
			t.Errorf("admitted share %v after failures; want 0.25", got)
		}
		admittedOf(t, b, 24, errDown)
		if got := b.Snapshot().AdmittedShare; got != 0.1 {
			t.Errorf("admitted share %v after more; want 0.1", got)
		}
		admittedOf(t, b, 200, errDown)
		wantState(t, b, breaker.Open)
	})
}

// A few failures while it climbs do not stop it: a useful share is answered.
func TestShareClimbsAlthoughSomeFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := climbing(t, breaker.Config{})
		for i := 0; i < 5000 && b.State() != breaker.Closed; i++ {
			admittedOf(t, b, 1, []error{nil, errDown, errDown}[i%3])
			time.Sleep(time.Millisecond)
		}
		wantState(t, b, breaker.Closed)
	})
}

// With few calls it climbs by time alone.
func TestShareClimbsWithoutCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := climbing(t, breaker.Config{})
		time.Sleep(breaker.DefaultSlowStart)
		if !b.WouldAdmit() {
			t.Error("the next call would be refused")
		}
		begin(t, b).end(nil)
		wantState(t, b, breaker.Closed)
	})
}

// Calls that hang while it climbs lower the share before any of them has ended.
func TestShareStepsBackForCallsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := climbing(t, breaker.Config{SlowAfter: 100 * time.Millisecond})
		for range 100 {
			_, _ = try(t, policy.Call{}, b)
		}
		time.Sleep(100 * time.Millisecond)
		_, _ = try(t, policy.Call{}, b)
		wantState(t, b, breaker.Open)
	})
}
