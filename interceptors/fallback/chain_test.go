package fallback_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
)

var errDown = status.Error(codes.Unavailable, "down")

// gives is a step that answers.
func gives(value string) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) { return value, nil }
}

// fails is a step that fails.
func fails(err error) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) { return "not to be used", err }
}

type way = fallback.Step[int, string]

// chain makes a chain of sound steps.
func chain(tb testing.TB, steps ...way) *fallback.Chain[int, string] {
	tb.Helper()
	return chainWith(tb, fallback.Config{}, steps...)
}

// chainWith makes a chain of sound steps with a configuration.
func chainWith(tb testing.TB, cfg fallback.Config, steps ...way) *fallback.Chain[int, string] {
	tb.Helper()
	cfg.Name = "profile"
	c, err := fallback.NewWith(cfg, steps...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestPrimaryAnswers(t *testing.T) {
	t.Parallel()
	c := chain(t, fallback.To("service", gives("fresh")), fallback.To("cache", gives("cached")))
	a, err := c.Do(t.Context(), 1)
	if err != nil || a.Value != "fresh" || a.Step != "service" || a.Cause != nil || !a.Report.Complete() {
		t.Errorf("answer = %+v, %v", a, err)
	}
}

func TestFallbackAnswersAndSaysSo(t *testing.T) {
	t.Parallel()
	c := chain(t, fallback.To("service", fails(errDown)), fallback.To("cache", gives("cached")))
	a, err := c.Do(t.Context(), 1)
	if err != nil || a.Value != "cached" || a.Step != "cache" || !errors.Is(a.Cause, errDown) {
		t.Fatalf("answer = %+v, %v", a, err)
	}
	for m := range a.Report.Markers() {
		want := degrade.Marker{
			State: degrade.Substituted, Reason: degrade.ReasonUnavailable,
			Source: degrade.Source{Name: "profile", Code: codes.Unavailable, Fallback: "cache"},
		}
		if m.Path != want.Path || m.State != want.State || m.Reason != want.Reason || m.Source != want.Source {
			t.Errorf("marker = %+v; want %+v", m, want)
		}
	}
	if a.Report.Len() != 1 {
		t.Errorf("%d markers; want 1", a.Report.Len())
	}
}

func TestWhatFallsBack(t *testing.T) {
	t.Parallel()
	falls := map[codes.Code]bool{
		codes.Unavailable: true, codes.DeadlineExceeded: true, codes.Internal: true, codes.Unknown: true,
		codes.DataLoss: true, codes.ResourceExhausted: true,
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			c := chain(t, fallback.To("service", fails(status.Error(code, "no"))), fallback.To("cache", gives("cached")))
			a, err := c.Do(t.Context(), 1)
			if falls[code] != (err == nil) {
				t.Errorf("answer = %+v, %v", a, err)
			}
			if err != nil && status.Code(err) != code {
				t.Errorf("error = %v; want the very error", err)
			}
		})
	}
}

func TestWhenReplacesTheRule(t *testing.T) {
	t.Parallel()
	notFound := status.Error(codes.NotFound, "no")
	cfg := fallback.Config{When: func(err error) bool { return status.Code(err) == codes.NotFound }}
	c := chainWith(t, cfg, fallback.To("service", fails(notFound)), fallback.To("archive", gives("archived")))
	if a, err := c.Do(t.Context(), 1); err != nil || a.Value != "archived" {
		t.Errorf("answer = %+v, %v", a, err)
	}
}

func TestRefusalFallsBackWithItsReason(t *testing.T) {
	t.Parallel()
	b, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen})
	if err != nil {
		t.Fatal(err)
	}
	asked := false
	primary := func(context.Context, int) (string, error) { asked = true; return "", nil }
	c := chain(t, fallback.To("service", primary).Guard(b), fallback.To("cache", gives("cached")))
	a, err := c.Do(t.Context(), 1)
	if err != nil || asked || !errors.Is(a.Cause, breaker.ErrOpen) {
		t.Fatalf("answer = %+v, %v; asked: %v", a, err, asked)
	}
	for m := range a.Report.Markers() {
		if m.Reason != degrade.ReasonCircuitOpen {
			t.Errorf("reason = %v; want circuit_open", m.Reason)
		}
	}
}

func TestStaleHasItsAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old := func(context.Context, int) (string, time.Time, error) {
			return "yesterday's", time.Now().Add(-24 * time.Hour), nil
		}
		a, err := chain(t, fallback.To("service", fails(errDown)), fallback.Stale("archive", old)).Do(t.Context(), 1)
		if err != nil || a.Report.State("") != degrade.Stale || a.Report.Age("") != 24*time.Hour {
			t.Errorf("answer = %+v, %v", a, err)
		}
	})
}

func TestDefaultComesLast(t *testing.T) {
	t.Parallel()
	c := chain(t, fallback.To("service", fails(errDown)), fallback.To("cache", fails(errDown)), fallback.Default(func(int) string { return "anonymous" }))
	a, err := c.Do(t.Context(), 1)
	if err != nil || a.Value != "anonymous" || a.Report.State("") != degrade.Defaulted {
		t.Errorf("answer = %+v, %v", a, err)
	}
}

func TestAllFailedNamesThemAll(t *testing.T) {
	t.Parallel()
	gone := status.Error(codes.DataLoss, "gone")
	_, err := chain(t, fallback.To("service", fails(errDown)), fallback.To("cache", fails(gone))).Do(t.Context(), 1)
	const want = `fallback "profile": service: rpc error: code = Unavailable desc = down; cache: rpc error: code = DataLoss desc = gone`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v; want %s", err, want)
	}
	if !errors.Is(err, errDown) || !errors.Is(err, gone) || status.Code(err) != codes.Unavailable {
		t.Errorf("error = %v; want the errors of both and the code of the first", err)
	}
}

func TestPlainErrorsKeepTheirCode(t *testing.T) {
	t.Parallel()
	_, err := chain(t, fallback.To("service", fails(context.DeadlineExceeded)), fallback.To("cache", fails(errDown))).Do(t.Context(), 1)
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("code = %v; want DEADLINE_EXCEEDED", status.Code(err))
	}
}

func TestPanicAndGoexitFallBack(t *testing.T) {
	t.Parallel()
	for name, primary := range map[string]func(context.Context, int) (string, error){
		"panic":  func(context.Context, int) (string, error) { panic("oops") },
		"goexit": func(context.Context, int) (string, error) { runtime.Goexit(); return "", nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, err := chain(t, fallback.To("service", primary), fallback.To("cache", gives("cached"))).Do(t.Context(), 1)
				if err != nil || a.Value != "cached" || !errors.Is(a.Cause, policy.ErrPanicked) {
					t.Fatalf("answer = %+v, %v", a, err)
				}
				panicked, ok := errors.AsType[*policy.PanicError](a.Cause)
				if !ok || len(panicked.Stack) == 0 || status.Code(a.Cause) != codes.Internal {
					t.Errorf("cause = %#v", a.Cause)
				}
				for m := range a.Report.Markers() {
					if m.Reason != degrade.ReasonInternal {
						t.Errorf("reason = %v; want internal", m.Reason)
					}
				}
			})
		})
	}
}

func TestReportsOfALosingStepAreDropped(t *testing.T) {
	t.Parallel()
	says := func(reason degrade.Reason, value string, err error) func(context.Context, int) (string, error) {
		return func(ctx context.Context, _ int) (string, error) {
			degrade.Merge(degrade.Under(ctx, "avatar"), degrade.NewReport(degrade.Marker{State: degrade.Missing, Reason: reason}))
			return value, err
		}
	}
	c := chain(t, fallback.To("service", says(degrade.ReasonError, "", errDown)), fallback.To("cache", says(degrade.ReasonShed, "cached", nil)))
	ctx, scope := degrade.Open(t.Context())
	a, err := c.Do(degrade.Under(ctx, "profile"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if a.Report.Len() != 2 || a.Report.Within("avatar").Len() != 2 {
		t.Errorf("report = %v; want the fallback's and what it says of the avatar", a.Report.Proto())
	}
	r := scope.Close()
	if r.State("profile") != degrade.Substituted || r.State("profile.avatar") != degrade.Missing {
		t.Errorf("what is made of it: %v", r.Proto())
	}
	for m := range r.Markers() {
		if m.Reason == degrade.ReasonError {
			t.Errorf("marker of the step that lost: %+v", m)
		}
	}
}

func TestCallersEndIsTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		used := false
		c := chain(t, fallback.To("service", func(ctx context.Context, _ int) (string, error) {
			<-ctx.Done()
			return "", status.FromContextError(ctx.Err()).Err()
		}), fallback.To("cache", func(context.Context, int) (string, error) { used = true; return "", nil }))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := c.Do(ctx, 1); !errors.Is(err, context.Canceled) && status.Code(err) != codes.Canceled {
			t.Errorf("error = %v; want cancelled", err)
		}
		synctest.Wait()
		if used {
			t.Error("the caller had gone, and the fallback was used")
		}
	})
}
