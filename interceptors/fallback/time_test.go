package fallback_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// hangs ignores its context for as long as it takes.
func hangs(d time.Duration) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) {
		time.Sleep(d)
		return "late", nil
	}
}

// waits for its context, and notes how long that was.
func waits(took *time.Duration) func(context.Context, int) (string, error) {
	return func(ctx context.Context, _ int) (string, error) {
		begin := time.Now()
		<-ctx.Done()
		if took != nil {
			*took = time.Since(begin)
		}
		return "", status.FromContextError(ctx.Err()).Err()
	}
}

// The bug: a fallback behind a timeout that waits for what it has timed out is
// never used (failsafe-go: 400 ms, empty).
func TestPrimaryThatIgnoresItsContextIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := chain(t, fallback.To("service", hangs(time.Second)), fallback.To("cache", gives("cached")))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		a, err := c.Do(ctx, 1)
		if err != nil || a.Value != "cached" || status.Code(a.Cause) != codes.Unknown && policy.Code(a.Cause) != codes.DeadlineExceeded {
			t.Fatalf("answer = %+v, %v", a, err)
		}
		if took := time.Since(begin); took != 75*time.Millisecond {
			t.Errorf("took %v; want 75ms", took)
		}
		for m := range a.Report.Markers() {
			if m.Reason != degrade.ReasonTimeout {
				t.Errorf("reason = %v; want timeout", m.Reason)
			}
		}
		time.Sleep(time.Second) // the late value comes, and nothing happens
	})
}

func TestSharesOfTheTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps func(took *time.Duration) []way
		want  time.Duration
	}{
		"alone": {
			func(took *time.Duration) []way { return []way{fallback.To("a", waits(took))} },
			time.Second,
		},
		"one after": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(took)), fallback.To("b", waits(nil))}
			},
			750 * time.Millisecond,
		},
		"three after: half at most": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(took)), fallback.To("b", waits(nil)), fallback.To("c", waits(nil)), fallback.To("d", waits(nil))}
			},
			500 * time.Millisecond,
		},
		"the second of three": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(nil)), fallback.To("b", waits(took)), fallback.To("c", waits(nil))}
			},
			375 * time.Millisecond,
		},
		"a default after": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(took)), fallback.Default(func(int) string { return "" })}
			},
			995 * time.Millisecond,
		},
		"one after that needs little": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(took)), fallback.To("b", waits(nil)).Needs(10 * time.Millisecond)}
			},
			990 * time.Millisecond,
		},
		"a timeout within the share": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(took)).Timeout(200 * time.Millisecond), fallback.To("b", waits(nil))}
			},
			200 * time.Millisecond,
		},
		"a timeout beyond the share": {
			func(took *time.Duration) []way {
				return []way{fallback.To("a", waits(took)).Timeout(time.Minute), fallback.To("b", waits(nil))}
			},
			750 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var took time.Duration
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, _ = chain(t, tt.steps(&took)...).Do(ctx, 1)
				synctest.Wait()
				if took != tt.want {
					t.Errorf("the step had %v; want %v", took, tt.want)
				}
			})
		})
	}
}

func TestTimeoutWithoutADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := chain(t, fallback.To("service", hangs(time.Minute)).Timeout(time.Second), fallback.To("cache", gives("cached")))
		begin := time.Now()
		if a, err := c.Do(t.Context(), 1); err != nil || a.Value != "cached" || time.Since(begin) != time.Second {
			t.Errorf("answer = %+v, %v after %v", a, err, time.Since(begin))
		}
		time.Sleep(time.Minute)
	})
}

func TestLastStepThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := chain(t, fallback.To("service", hangs(time.Minute))).Do(ctx, 1)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("error = %v after %v", err, time.Since(begin))
		}
		time.Sleep(time.Minute)
	})
}

func TestWhatCannotEndIsNotStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := false
		slow := func(context.Context, int) (string, error) { asked = true; return "", nil }
		c := chain(t, fallback.To("service", slow).Needs(time.Second), fallback.To("cache", gives("cached")))
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		a, err := c.Do(ctx, 1)
		if err != nil || asked || !errors.Is(a.Cause, step.ErrNoTime) || !policy.IsRejection(a.Cause) {
			t.Fatalf("answer = %+v, %v; asked: %v", a, err, asked)
		}
		for m := range a.Report.Markers() {
			if m.Reason != degrade.ReasonBudgetExhausted {
				t.Errorf("reason = %v; want budget_exhausted", m.Reason)
			}
		}
	})
}

func TestRunningStepsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := chain(t, fallback.To("service", hangs(time.Hour)).MaxRunning(2).Timeout(time.Second), fallback.To("cache", gives("cached")))
		for range 2 { // left behind
			if _, err := c.Do(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		a, err := c.Do(t.Context(), 1)
		if err != nil || !errors.Is(a.Cause, step.ErrRunning) || time.Since(begin) != 0 {
			t.Errorf("answer = %+v, %v after %v", a, err, time.Since(begin))
		}
		for m := range a.Report.Markers() {
			if m.Reason != degrade.ReasonConcurrencyLimited {
				t.Errorf("reason = %v; want concurrency_limited", m.Reason)
			}
		}
		time.Sleep(2 * time.Hour) // they end after all
		if a, err := c.Do(t.Context(), 1); err != nil || errors.Is(a.Cause, step.ErrRunning) {
			t.Errorf("answer = %+v, %v; want the place back", a, err)
		}
		time.Sleep(2 * time.Hour)
	})
}
