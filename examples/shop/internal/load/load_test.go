package load_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
)

func TestRequestsAreDueAtASteadyRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		results, err := load.Run(t.Context(), load.Config{Rate: 100, For: 2 * time.Second, MaxInFlight: 10},
			func(context.Context, int) (time.Duration, error) { return time.Since(start), nil })
		if err != nil || len(results) != 200 {
			t.Fatalf("%d results, error %v; want 200 and none", len(results), err)
		}
		for n, r := range results {
			if due := time.Duration(n) * 10 * time.Millisecond; r.Due != due || r.Answer != due || r.Late != 0 || r.Latency != 0 {
				t.Fatalf("request %d: due at %v, made at %v, late by %v, latency %v; want %v, the same, none, none",
					n, r.Due, r.Answer, r.Late, r.Latency, due)
			}
		}
	})
}

// An answer that takes long holds up nothing: that is what open loop means.
func TestSlowAnswersHoldUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		results, err := load.Run(t.Context(), load.Config{Rate: 10, For: time.Second, MaxInFlight: 100},
			func(context.Context, int) (time.Duration, error) {
				made := time.Since(start)
				time.Sleep(3 * time.Second)
				return made, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		for n, r := range results {
			if r.Answer != r.Due || r.Latency != 3*time.Second {
				t.Errorf("request %d: due at %v, made at %v, latency %v; want 3s", n, r.Due, r.Answer, r.Latency)
			}
		}
	})
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inFlight, most, overrun int
		results, err := load.Run(t.Context(), load.Config{Rate: 10, For: 2 * time.Second, MaxInFlight: 1},
			func(context.Context, int) (struct{}, error) {
				inFlight++
				most = max(most, inFlight)
				time.Sleep(150 * time.Millisecond)
				inFlight--
				return struct{}{}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if errors.Is(r.Err, load.ErrOverrun) {
				overrun++
			}
		}
		if most != 1 || overrun != 10 {
			t.Errorf("at most %d in flight, %d not made; want 1 and 10", most, overrun)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 95*time.Millisecond)
		defer cancel()
		var ended atomic.Int32
		results, err := load.Run(ctx, load.Config{Rate: 100, For: time.Minute, MaxInFlight: 100},
			func(ctx context.Context, _ int) (struct{}, error) {
				<-ctx.Done()
				ended.Add(1)
				return struct{}{}, ctx.Err()
			})
		if !errors.Is(err, context.DeadlineExceeded) || len(results) != 10 {
			t.Errorf("%d results, error %v; want 10 and DeadlineExceeded", len(results), err)
		}
		if n := ended.Load(); n != 10 {
			t.Errorf("%d requests had ended when Run returned; want all 10", n)
		}
	})
}

func TestFaultsOfAConfigAreAllNamed(t *testing.T) {
	t.Parallel()
	_, err := load.Run(t.Context(), load.Config{Rate: -1, For: 0, MaxInFlight: 0},
		func(context.Context, int) (struct{}, error) { return struct{}{}, nil })
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"rate = -1", "for = 0s", "max_in_flight = 0"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
}
