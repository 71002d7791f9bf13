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

func TestUntilIsAContextWithADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := untilIn(context.WithValue(t.Context(), key{}, "value"), time.Second)
		for _, what := range []string{"as it was made", "with a real context"} {
			end, ok := u.Deadline()
			if !ok || time.Until(end) != time.Second || u.Err() != nil || u.Value(key{}) != "value" || u.Value("other") != nil {
				t.Errorf("not as it should be %s", what)
			}
			_ = u.Done()
		}
	})
}

// To what is derived from it the end of the time is the end of the time, however late
// the timers of a busy machine are: a call that is cancelled is nobody's failure.
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
			before, cancelBefore := context.WithCancel(context.WithValue(u, key{}, 1))
			u.finish(tt.ending)
			after, cancelAfter := context.WithTimeout(u, time.Minute)
			for _, ctx := range []context.Context{u, before, after} {
				select {
				case <-ctx.Done():
				default:
					t.Errorf("%s: Done is open", name)
				}
				if !errors.Is(ctx.Err(), tt.want) || !errors.Is(context.Cause(ctx), tt.want) {
					t.Errorf("%s: %v for %v; want %v", name, ctx.Err(), context.Cause(ctx), tt.want)
				}
			}
			cancelBefore()
			cancelAfter()
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
		u.finish(enough)
		all.Wait()
		if done := u.Done(); done != u.Done() || !errors.Is(u.Err(), context.Canceled) {
			t.Fatalf("error = %v; want cancelled, and one channel for all", u.Err())
		}
	}
}

// The run sees to it that what waits for Done hears of the parent's end too.
func TestUntilEndsWithItsParent(t *testing.T) {
	t.Parallel()
	errGone := errors.New("gone")
	parent, cancel := context.WithCancelCause(t.Context())
	u := untilIn(parent, time.Hour)
	child, cancelChild := context.WithCancel(u)
	defer cancelChild()
	cancel(errGone)
	if !errors.Is(u.Err(), context.Canceled) {
		t.Errorf("error = %v; want cancelled", u.Err())
	}
	u.finish(gone)
	<-child.Done()
	if !errors.Is(child.Err(), context.Canceled) || !errors.Is(context.Cause(child), errGone) {
		t.Errorf("child: %v for %v; want cancelled for the parent's cause", child.Err(), context.Cause(child))
	}
}

// Deriving a context from a foreign one costs a goroutine for each, if the context
// package does not find one of its own behind it.
func TestContextsDerivedFromUntilHaveNoGoroutines(t *testing.T) { //nolint:paralleltest // it counts goroutines
	synctest.Test(t, func(t *testing.T) {
		u := untilIn(t.Context(), time.Hour)
		defer u.finish(enough)
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
