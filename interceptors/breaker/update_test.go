package breaker_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
)

func update(tb testing.TB, b *breaker.Breaker, cfg breaker.Config) {
	tb.Helper()
	if err := b.Update(cfg); err != nil {
		tb.Fatal(err)
	}
}

func TestUpdateKeepsWindowAndState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, byRatio(1, 20))
		do(t, b, 15, errDown)
		early := begin(t, b)
		update(t, b, byRatio(1, 17))
		early.end(errDown)
		wantState(t, b, breaker.Closed)
		do(t, b, 1, errDown)
		wantState(t, b, breaker.Open)
	})
}

// A longer open time is for the next wait; a shorter one is for the one that runs.
func TestUpdateOfTheOpenTime(t *testing.T) {
	t.Parallel()
	for openFor, want := range map[time.Duration]time.Duration{time.Hour: time.Minute, time.Second: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{OpenFor: time.Minute, WindowCalls: 100}))
			do(t, b, inARow, errDown)
			wantOpenFor(t, b, time.Minute)
			update(t, b, exact(breaker.Config{OpenFor: openFor, WindowCalls: 100}))
			wantOpenFor(t, b, want)
			time.Sleep(want)
			do(t, b, 1, nil)
			wantState(t, b, breaker.Closed)
		})
	}
}

// What opened the circuit is switched off: it closes. What else is changed does not.
func TestUpdateThatSwitchesOffWhatOpened(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		by, to breaker.Config
		want   breaker.State
	}{
		"failures off":       {breaker.Config{}, breaker.Config{FailureRatio: breaker.Off, ConsecutiveFailures: breaker.Off}, breaker.Closed},
		"only the run off":   {breaker.Config{}, breaker.Config{ConsecutiveFailures: breaker.Off}, breaker.Open},
		"another slow_after": {breaker.Config{}, breaker.Config{SlowAfter: time.Second}, breaker.Open},
		"slow_after off":     {breaker.Config{}, breaker.Config{SlowAfter: breaker.Off}, breaker.Open},
		"always closed":      {breaker.Config{}, breaker.Config{Mode: breaker.AlwaysClosed}, breaker.Disabled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := tripped(t, tt.by)
				update(t, b, exact(tt.to))
				wantState(t, b, tt.want)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		b := hungOpen(t, breaker.Config{})
		update(t, b, exact(breaker.Config{SlowAfter: time.Hour})) // learned or set: it is time that counts
		wantState(t, b, breaker.Open)
		update(t, b, exact(breaker.Config{SlowAfter: breaker.Off}))
		wantState(t, b, breaker.Closed)
	})
}

// Another window empties the window. Calls in flight count in the new one.
func TestUpdateOfTheWindowEmptiesIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*breaker.Config)
	}{
		{"span", func(c *breaker.Config) { c.Window = time.Minute }},
		{"buckets", func(c *breaker.Config) { c.Buckets = 5 }},
		{"calls", func(c *breaker.Config) { c.WindowCalls = 100 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := byRatio(0.5, 20)
				b := newBreaker(t, cfg)
				do(t, b, 19, errDown)
				early := begin(t, b)
				tt.change(&cfg)
				update(t, b, cfg)
				early.end(errDown)
				if got := b.Snapshot(); got.Calls != 1 || got.State != breaker.Closed {
					t.Errorf("%v with %d calls; want closed with 1", got.State, got.Calls)
				}
			})
		})
	}
}

func TestUpdateFromCallsToTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := byRatio(0.5, 20)
		cfg.WindowCalls = 100
		b := newBreaker(t, cfg)
		early := begin(t, b)
		cfg.WindowCalls = 0
		update(t, b, cfg)
		early.end(errDown)
		if got := b.Snapshot().Calls; got != 1 {
			t.Errorf("window holds %d calls; want 1", got)
		}
	})
}

// Calls in flight are not taken out of a ring they were not put into.
func TestUpdateOfSlowAfterForgetsCallsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		early := make([]*inFlight, 10)
		for i := range early {
			early[i] = begin(t, b)
		}
		cfg := bySlowness(20)
		cfg.SlowAfter = slowAfter / 2
		update(t, b, cfg)
		time.Sleep(time.Second)
		if got := b.Snapshot().Overdue; got != 0 {
			t.Errorf("overdue = %d; want 0", got)
		}
		for _, c := range early {
			c.end(nil)
		}
		for range 5 {
			begin(t, b)
		}
		time.Sleep(slowAfter)
		if got := b.Snapshot().Overdue; got != 5 {
			t.Errorf("overdue = %d; want 5", got)
		}
	})
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, byRatio(1, 20))
		do(t, b, 19, errDown)
		bad := byRatio(0.1, 5)
		bad.OpenFor = -time.Second
		if err := b.Update(bad); err == nil || !strings.Contains(err.Error(), "open_for") {
			t.Fatalf("error = %v; want one that names open_for", err)
		}
		wantState(t, b, breaker.Closed)
		do(t, b, 1, errDown)
		wantState(t, b, breaker.Open)
		if got := b.Config().OpenFor; got != breaker.DefaultOpenFor {
			t.Errorf("open for %v; want %v", got, breaker.DefaultOpenFor)
		}
	})
}
