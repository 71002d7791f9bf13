package fanout_test

import (
	"context"
	"errors"
	"math"
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

// What a function sees of the time is the timeout, or the caller's deadline if that is
// earlier, and its end is the end of the time.
func TestCollectBoundsTheTimeOfItsFunctions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			timeout, caller, want time.Duration
		}{
			"the timeout":                  {time.Second, 0, time.Second},
			"the timeout is earlier":       {time.Second, time.Minute, time.Second},
			"the caller's is earlier":      {time.Minute, time.Second, time.Second},
			"only the caller's":            {0, time.Second, time.Second},
			"the longest timeout there is": {math.MaxInt64, time.Second, time.Second},
		} {
			ctx := t.Context()
			if tt.caller > 0 {
				ctx = within(t, tt.caller)
			}
			begin := time.Now()
			got := fanout.Collect(ctx, tt.timeout, map[string]func(context.Context) (error, error){
				"waits": func(ctx context.Context) (error, error) {
					end, ok := ctx.Deadline()
					if !ok || end.Sub(begin) != tt.want {
						t.Errorf("%s: the deadline is in %v, %v; want %v", name, end.Sub(begin), ok, tt.want)
					}
					own, cancel := context.WithCancel(ctx)
					defer cancel()
					<-own.Done()
					if !errors.Is(own.Err(), context.DeadlineExceeded) {
						t.Errorf("%s: error = %v; want that the time is over", name, own.Err())
					}
					return nil, nil
				},
			})
			if err := got["waits"].Err; time.Since(begin) != tt.want || err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v after %v; want %v", name, err, time.Since(begin), tt.want)
			}
			synctest.Wait()
		}
	})
}

// A caller that goes ends the functions, and gets what there is; without any time they
// are not asked.
func TestCollectForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		got := fanout.Collect(ctx, time.Minute, map[string]func(context.Context) (int, error){
			"one":  func(context.Context) (int, error) { return 1, nil },
			"deaf": func(ctx context.Context) (int, error) { time.Sleep(time.Hour); return 2, ctx.Err() },
		})
		if got["one"].Value != 1 || !errors.Is(got["deaf"].Err, context.Canceled) || len(got) != 2 {
			t.Errorf("results = %+v", got)
		}
		asked := false
		got = fanout.Collect(ctx, time.Minute, map[string]func(context.Context) (int, error){
			"one": func(context.Context) (int, error) { asked = true; return 1, nil },
		})
		if !errors.Is(got["one"].Err, context.Canceled) || asked {
			t.Errorf("results = %+v, asked %v", got, asked)
		}
		if got := fanout.Collect(t.Context(), 0, map[string]func(context.Context) (int, error){}); got == nil || len(got) != 0 {
			t.Errorf("of nothing: %v", got)
		}
		time.Sleep(2 * time.Hour)
	})
}
