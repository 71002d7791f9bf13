package fanout

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

type key struct{}

func untilIn(ctx context.Context, d time.Duration) *until {
	return &until{Context: ctx, end: policy.Now().Add(d)}
}

func TestUntilEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := untilIn(context.WithValue(t.Context(), key{}, "value"), time.Second)
		if end, ok := u.Deadline(); !ok || time.Until(end) != time.Second || u.Err() != nil || u.Value(key{}) != "value" {
			t.Fatal("not as it was made")
		}
		child, cancel := context.WithTimeout(u, time.Hour)
		defer cancel()
		if u.Value(key{}) != "value" || u.Err() != nil {
			t.Error("the real context is another")
		}
		<-child.Done()
		if !errors.Is(child.Err(), context.DeadlineExceeded) || !errors.Is(u.Err(), context.DeadlineExceeded) {
			t.Errorf("child: %v, context: %v; want deadline exceeded", child.Err(), u.Err())
		}
	})
}

func TestUntilEndsWithTheRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ending ending
		want   error
	}{"enough": {enough, context.Canceled}, "gone": {gone, context.Canceled}, "expired": {expired, context.DeadlineExceeded}} {
		for _, early := range []bool{false, true} {
			u := untilIn(t.Context(), time.Hour)
			if early {
				_ = u.Done()
			}
			u.over(tt.ending)
			select {
			case <-u.Done():
			default:
				t.Errorf("%s: Done is open", name)
			}
			if !errors.Is(u.Err(), tt.want) {
				t.Errorf("%s: %v; want %v", name, u.Err(), tt.want)
			}
		}
	}
}

// Sources may ask for Done all at once, and while the run ends.
func TestUntilEndsForWhoeverAsksMeanwhile(t *testing.T) {
	t.Parallel()
	for range 200 {
		u := untilIn(t.Context(), time.Hour)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { <-u.Done() })
		}
		u.over(enough)
		all.Wait()
		if done := u.Done(); done != u.Done() || !errors.Is(u.Err(), context.Canceled) {
			t.Fatalf("error = %v; want cancelled, and one channel for all", u.Err())
		}
	}
}

func TestUntilEndsWithItsParent(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithCancel(t.Context())
	early, late := untilIn(parent, time.Hour), untilIn(parent, time.Hour)
	done := early.Done()
	cancel()
	<-done
	if !errors.Is(early.Err(), context.Canceled) || !errors.Is(late.Err(), context.Canceled) {
		t.Errorf("%v, %v; want cancelled", early.Err(), late.Err())
	}
	early.over(enough)
}

// Deriving a context from a foreign one costs a goroutine for each, if the context
// package does not find one of its own behind it.
func TestContextsDerivedFromUntilHaveNoGoroutines(t *testing.T) { //nolint:paralleltest // it counts goroutines
	synctest.Test(t, func(t *testing.T) {
		u := untilIn(t.Context(), time.Hour)
		defer u.over(enough)
		before := runtime.NumGoroutine()
		for range 10 {
			_, cancel := context.WithCancel(context.WithValue(u, key{}, 1))
			defer cancel()
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n >= 10 {
			t.Errorf("%d goroutines for 10 derived contexts", n)
		}
	})
}
