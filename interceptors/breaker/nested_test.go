package breaker_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A call that meets the same breaker again inside itself, as one that fetches its token
// from the same target does, shares the outer probe. Otherwise no probe would ever be
// good, and the circuit never close.
func TestNestedCallsShareTheProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SlowStart: breaker.DefaultSlowStart})
		nested := func() error {
			return policy.Run(t.Context(), b, method, func(ctx context.Context) error {
				return policy.Run(ctx, b, "token", func(ctx context.Context) error {
					return policy.Run(ctx, b, "key", func(context.Context) error { return nil })
				})
			})
		}
		if err := nested(); err != nil {
			t.Fatalf("the probe failed: %v", err)
		}
		for range 100 { // also while the share climbs: all of a call, or nothing
			if err := nested(); err != nil && !errors.Is(err, breaker.ErrOpen) {
				t.Fatal(err)
			}
			time.Sleep(breaker.DefaultSlowStart / 50)
		}
		wantState(t, b, breaker.Closed)
		if got := b.Snapshot(); got.Failures != 0 || got.ProbesInFlight != 0 {
			t.Errorf("%+v; want no failure, and nothing in flight", got)
		}
	})
}

// The controls: what shares a probe ends with it, and another breaker is asked for itself.
func TestNestedCallsShareNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, other := halfOpened(t, breaker.Config{}), tripped(t, breaker.Config{})
		var kept context.Context
		_ = policy.Run(t.Context(), b, method, func(ctx context.Context) error {
			kept = ctx
			if err := policy.Run(ctx, other, method, func(context.Context) error { return nil }); !errors.Is(err, breaker.ErrOpen) {
				t.Errorf("another open breaker: error = %v; want a refusal", err)
			}
			return errDown
		})
		if err := policy.Run(kept, b, method, func(context.Context) error { return nil }); !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("after the probe has ended: error = %v; want a refusal", err)
		}
	})
}
