package fanout_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestCollectReturnsWhatThereIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		got := fanout.Collect(t.Context(), time.Second, map[string]func(context.Context) (int, error){
			"one":    func(context.Context) (int, error) { return 1, nil },
			"slow":   func(context.Context) (int, error) { time.Sleep(900 * time.Millisecond); return 2, nil },
			"late":   func(context.Context) (int, error) { time.Sleep(time.Hour); return 3, nil },
			"failed": func(context.Context) (int, error) { return 4, errDown },
			"panic":  func(context.Context) (int, error) { panic("oops") },
			"goexit": func(context.Context) (int, error) { runtime.Goexit(); return 5, nil },
			"nil":    nil,
			"":       func(context.Context) (int, error) { return 6, nil },
		})
		if time.Since(begin) != time.Second || len(got) != 8 {
			t.Errorf("%d results after %v", len(got), time.Since(begin))
		}
		for name, want := range map[string]int{"one": 1, "slow": 2, "": 6} {
			if r := got[name]; r.Value != want || r.Err != nil {
				t.Errorf("%q: %+v; want %d", name, r, want)
			}
		}
		for name, want := range map[string]error{
			"late": context.DeadlineExceeded, "failed": errDown, "panic": policy.ErrPanicked, "goexit": policy.ErrPanicked,
		} {
			if r := got[name]; r.Value != 0 || !errors.Is(r.Err, want) {
				t.Errorf("%q: %+v; want %v", name, r, want)
			}
		}
		if err := got["nil"].Err; err == nil || err.Error() != `fanout.Collect "nil", step "nil": function = nil; must be a function` {
			t.Errorf("nil: %v", err)
		}
		time.Sleep(time.Hour)
	})
}

func TestCollectWithoutATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, scope := degrade.Open(t.Context())
		got := fanout.Collect(degrade.Under(ctx, "a"), 0, map[string]func(context.Context) (int, error){
			"one": func(ctx context.Context) (int, error) {
				time.Sleep(24 * time.Hour)
				degrade.Merge(ctx, degrade.NewReport(degrade.Marker{Path: "x", State: degrade.Missing, Reason: degrade.ReasonError}))
				return 1, nil
			},
		})
		if got["one"].Value != 1 || got["one"].Err != nil {
			t.Errorf("results = %+v", got)
		}
		marked(t, scope.Close(), "a partial upstream_degraded")
	})
}
