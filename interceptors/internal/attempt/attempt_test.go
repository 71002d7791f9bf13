package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

var errDown = status.Error(codes.Unavailable, "down")

type builder = attempt.Builder[int, string]

func gives(value string) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) { return value, nil }
}

func fails(context.Context, int) (string, error) { return "", errDown }

// deaf ignores its context for an hour.
func deaf(context.Context, int) (string, error) {
	time.Sleep(time.Hour)
	return "late", nil
}

func build(tb testing.TB, b builder, w attempt.Watcher) *attempt.Chain[int, string] {
	tb.Helper()
	c, err := b.Build("chain", w)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// taker notes what it is told.
type taker struct {
	attempt.Run[int, string]

	took []bool
	done chan struct{}
}

func (t *taker) Took(ok bool) {
	t.took = append(t.took, ok)
	close(t.done)
}

func TestRunTellsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		b        builder
		ok       bool
		step     int
		value    string
		failures int
	}{
		"first":  {builder{}.Then("a", degrade.Intact, gives("a")), true, 0, "a", 0},
		"second": {builder{}.Then("a", degrade.Intact, fails).Then("b", degrade.Substituted, gives("b")), true, 1, "b", 1},
		"none":   {builder{}.Then("a", degrade.Intact, fails).Then("b", degrade.Substituted, fails), false, 0, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := &taker{done: make(chan struct{})}
			run.Start(t.Context(), build(t, tt.b, nil), 1, run)
			<-run.done
			a := &run.Answer
			if !slices.Equal(run.took, []bool{tt.ok}) || a.Step() != tt.step || a.Value != tt.value || len(a.Failures()) != tt.failures {
				t.Errorf("took %v: %+v", run.took, a)
			}
			if (a.Ended() == 0) != (tt.failures == 0) {
				t.Errorf("first step failed at %v; %d failures", a.Ended(), tt.failures)
			}
		})
	}
}

// A chain whose first step somebody else ran goes on after it.
func TestResumeSkipsWhatHasFailed(t *testing.T) {
	t.Parallel()
	c := build(t, builder{}.Then("a", degrade.Intact, gives("not to be asked")).Then("b", degrade.Stale, gives("b")), nil)
	run := &taker{done: make(chan struct{})}
	run.Resume(t.Context(), c, 1, run, []error{errDown})
	<-run.done
	if run.Answer.Value != "b" || run.Answer.Step() != 1 {
		t.Errorf("answer = %+v", run.Answer)
	}
	r := run.Report(degrade.Source{Name: "chain"})
	if r.State("") != degrade.Stale || r.Len() != 1 {
		t.Errorf("report = %v", r.Proto())
	}
}

// A run that is abandoned before it began starts nothing.
func TestNothingStartsWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	asked := false
	c := build(t, builder{}.Then("a", degrade.Intact, func(context.Context, int) (string, error) {
		asked = true
		return "", nil
	}), nil)
	run := &taker{done: make(chan struct{})}
	run.Abandon()
	run.Start(over, c, 1, run)
	if asked || !slices.Equal(run.took, []bool{false}) || !errors.Is(run.Answer.Failures()[0], context.Canceled) {
		t.Errorf("asked: %v, took %v, %v", asked, run.took, run.Answer.Failures())
	}
}

func TestReportSaysHowOldAValueIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := &taker{done: make(chan struct{})}
		c := build(t, builder{}.Then("a", degrade.Intact, fails).Stale("b", func(context.Context, int) (string, time.Time, error) {
			return "b", time.Now().Add(-time.Hour), nil
		}), nil)
		run.Start(t.Context(), c, 1, run)
		if a := &run.Answer; a.Value != "b" || a.Age() != time.Hour || run.Plain() {
			t.Errorf("answer = %q, %v old, plain: %v", a.Value, a.Age(), run.Plain())
		}
		r := run.Report(degrade.Source{Name: "chain"})
		if r.Age("") != time.Hour || r.State("") != degrade.Stale {
			t.Errorf("report = %v", r.Proto())
		}
		for m := range r.Markers() {
			if want := (degrade.Source{Name: "chain", Code: codes.Unavailable, Fallback: "b"}); m.Source != want {
				t.Errorf("source = %+v; want %+v", m.Source, want)
			}
		}
	})
}

// Every step has a scope of its own, that is made when it is asked for.
func TestStepsReportToTheirOwnScopes(t *testing.T) {
	t.Parallel()
	says := func(err error) func(context.Context, int) (string, error) {
		return func(ctx context.Context, _ int) (string, error) {
			if !degrade.CompleteRequired(ctx) {
				t.Error("the step does not know what is required")
			}
			degrade.Merge(ctx, degrade.NewReport(degrade.Marker{Path: "x", State: degrade.Missing, Reason: degrade.ReasonShed}))
			return "a", err
		}
	}
	for name, tt := range map[string]struct {
		b    builder
		want map[string]degrade.State
	}{
		"the first":           {builder{}.Then("a", degrade.Intact, says(nil)), map[string]degrade.State{"x": degrade.Partial, "y": degrade.Partial}},
		"the first, as it is": {builder{Whole: true}.Then("a", degrade.Intact, says(nil)), map[string]degrade.State{"x": degrade.Missing, "y": degrade.Intact}},
		"the second": {
			builder{Whole: true}.Then("a", degrade.Intact, says(errDown)).Then("b", degrade.Substituted, says(nil)),
			map[string]degrade.State{"x": degrade.Missing, "y": degrade.Substituted},
		},
	} {
		run := &taker{done: make(chan struct{})}
		run.Require(true)
		run.Start(t.Context(), build(t, tt.b, nil), 1, run)
		r := run.Report(degrade.Source{})
		for path, want := range tt.want {
			if got := r.State(path); got != want {
				t.Errorf("%s: %q is %v; want %v", name, path, got, want)
			}
		}
	}
}

// A step that asked nobody has a complete answer.
func TestStepsWithoutCallsAreComplete(t *testing.T) {
	t.Parallel()
	run := &taker{done: make(chan struct{})}
	run.Start(t.Context(), build(t, builder{}.Then("a", degrade.Intact, gives("a")), nil), 1, run)
	if r := run.Report(degrade.Source{}); !run.Plain() || !r.Complete() {
		t.Errorf("plain: %v, report = %v", run.Plain(), r)
	}
}

func TestPanicsAreTold(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){"panic": func() { panic("oops") }, "exit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var told []string
				b := builder{Panicked: func(_ context.Context, step int, err *policy.PanicError, late bool) {
					told = append(told, fmt.Sprintf("%d, late: %v, with a stack: %v", step, late, len(err.Stack) > 0))
				}}.Then("a", degrade.Intact, func(context.Context, int) (string, error) {
					time.Sleep(time.Second)
					f()
					return "", nil
				})
				for _, has := range []time.Duration{time.Minute, time.Millisecond} {
					ctx, cancel := context.WithTimeout(t.Context(), has)
					run := &taker{done: make(chan struct{})}
					go run.Start(ctx, build(t, b, nil), 1, run)
					time.Sleep(time.Minute)
					synctest.Wait()
					cancel()
				}
				if want := []string{"0, late: false, with a stack: true", "0, late: true, with a stack: true"}; !slices.Equal(told, want) {
					t.Errorf("told %q; want %q", told, want)
				}
			})
		})
	}
}

func TestNamesOfSteps(t *testing.T) {
	t.Parallel()
	b := builder{}.Then("a", degrade.Intact, fails).Then("b", degrade.Stale, fails)
	if got := b.Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names of the builder = %q", got)
	}
	if got := build(t, b, nil).Names(1); !slices.Equal(got, []string{"a"}) {
		t.Errorf("names of the chain = %q", got)
	}
}

func TestLimitSharesTheTime(t *testing.T) {
	t.Parallel()
	instant := func(int) string { return "" }
	two := builder{}.Then("a", degrade.Intact, fails).Then("b", degrade.Stale, fails)
	for name, tt := range map[string]struct {
		b    builder
		step int
		left time.Duration // 0: no deadline
		want time.Duration // 0: nothing but the context
		err  error
	}{
		"alone":                      {builder{}.Then("a", degrade.Intact, fails), 0, time.Second, 0, nil},
		"alone, with a timeout":      {builder{}.Then("a", degrade.Intact, fails).Timeout(time.Minute), 0, time.Second, time.Second, nil},
		"one after":                  {two, 0, time.Second, 750 * time.Millisecond, nil},
		"the last":                   {two, 1, time.Second, 0, nil},
		"no deadline":                {two, 0, 0, 0, nil},
		"no deadline, but a timeout": {two.Timeout(time.Minute), 1, 0, time.Minute, nil},
		"a default after":            {builder{}.Then("a", degrade.Intact, fails).Default(instant), 0, 40 * time.Millisecond, 38 * time.Millisecond, nil},
		"needs more than there is":   {two.Needs(2 * time.Second), 1, time.Second, 0, attempt.ErrNoTime},
		"half at most":               {two.Needs(time.Minute), 0, time.Second, 500 * time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.left > 0 {
					bounded, cancel := context.WithTimeout(ctx, tt.left)
					defer cancel()
					ctx = bounded
				}
				limit, err := build(t, tt.b, nil).Limit(ctx, tt.step)
				if !errors.Is(err, tt.err) {
					t.Fatalf("error = %v; want %v", err, tt.err)
				}
				if limit.IsZero() != (tt.want == 0) || !limit.IsZero() && time.Until(limit) != tt.want {
					t.Errorf("limit in %v; want %v", time.Until(limit), tt.want)
				}
			})
		})
	}
}

func TestFallsBackAfterFailuresAndRefusals(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		errDown:                           true,
		errors.New("plain"):               true,
		context.DeadlineExceeded:          true,
		&policy.PanicError{Value: "oops"}: true,
		&policy.Rejection{Reason: policy.ReasonRateLimited}: true,
		&policy.Rejection{Reason: policy.ReasonCancelled}:   false,
		context.Canceled:                         false,
		status.Error(codes.NotFound, ""):         false,
		status.Error(codes.PermissionDenied, ""): false,
	} {
		if got := attempt.FallsBack(err); got != want {
			t.Errorf("%v: %v; want %v", err, got, want)
		}
	}
}

// overtime makes a run of a chain with a default whose time is over.
func overtime(t *testing.T, b builder) (*taker, *attempt.Chain[int, string], context.Context) {
	t.Helper()
	b.Overtime = true
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return &taker{done: make(chan struct{})}, build(t, b.Default(func(int) string { return "default" }), nil), ctx
}

// A step that runs on when the time is over gives way to the default. Steps between
// them are not started.
func TestHurry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := false
		run, c, ctx := overtime(t, builder{}.
			Then("a", degrade.Intact, deaf).Needs(time.Second). // so that nothing bounds it
			Then("b", degrade.Substituted, func(context.Context, int) (string, error) {
				asked = true
				return "b", nil
			}))
		go run.Start(unbounded{ctx}, c, 1, run)
		<-ctx.Done()
		run.Hurry()
		<-run.done
		a := &run.Answer
		if !slices.Equal(run.took, []bool{true}) || asked || a.Value != "default" || a.Step() != 2 || len(a.Failures()) != 2 {
			t.Errorf("took %v, asked %v: %q of step %d, %v", run.took, asked, a.Value, a.Step(), a.Failures())
		}
		if !errors.Is(a.Failures()[0], context.DeadlineExceeded) || !errors.Is(a.Failures()[1], attempt.ErrNoTime) {
			t.Errorf("failures = %v", a.Failures())
		}
		run.Hurry() // and has nothing to say any more
		time.Sleep(time.Hour)
	})
}

// unbounded is a context that hides its deadline, as one of a busy machine may seem to.
type unbounded struct{ context.Context }

func (unbounded) Deadline() (time.Time, bool) { return time.Time{}, false }

// A run goes on to its default by itself, however late it is.
func TestOvertimeGoesOnByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run, c, ctx := overtime(t, builder{}.Then("a", degrade.Intact, fails).Then("b", degrade.Substituted, fails))
		<-ctx.Done()
		run.Hurry() // it has not begun
		run.Start(ctx, c, 1, run)
		if !slices.Equal(run.took, []bool{true}) || run.Answer.Value != "default" {
			t.Errorf("took %v: %+v", run.took, run.Answer)
		}
	})
}

// Nobody waits for the default of a run that was cancelled, or without overtime.
func TestNoOvertime(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	run, c, _ := overtime(t, builder{}.Then("a", degrade.Intact, fails))
	run.Start(over, c, 1, run)
	if !slices.Equal(run.took, []bool{false}) {
		t.Errorf("took %v: %+v", run.took, run.Answer)
	}
	going, goes := context.WithCancel(t.Context())
	run, c, _ = overtime(t, builder{}.Then("a", degrade.Intact, func(ctx context.Context, in int) (string, error) {
		goes()
		return fails(ctx, in)
	}))
	run.Start(going, c, 1, run)
	if !slices.Equal(run.took, []bool{false}) || len(run.Answer.Failures()) != 1 {
		t.Errorf("took %v: %+v", run.took, run.Answer)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		<-ctx.Done()
		c := build(t, builder{}.Then("a", degrade.Intact, fails).Default(func(int) string { return "default" }), nil)
		run := &taker{done: make(chan struct{})}
		run.Start(ctx, c, 1, run)
		if !slices.Equal(run.took, []bool{false}) {
			t.Errorf("took %v: %+v", run.took, run.Answer)
		}
	})
}

// Who was refused takes no place, and who has ended gives his back, however late.
func TestPlacesOfAStepComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := build(t, builder{}.Then("a", degrade.Intact, deaf).MaxRunning(2), nil)
		for _, want := range []int{2, 2} {
			begin := time.Now()
			runs := make([]*taker, 5)
			for i := range runs {
				runs[i] = &taker{done: make(chan struct{})}
				go runs[i].Start(t.Context(), c, 1, runs[i])
			}
			ran := 0
			for _, run := range runs {
				if <-run.done; run.took[0] {
					ran++
				}
			}
			if ran != want || time.Since(begin) != time.Hour {
				t.Errorf("%d ran after %v; want %d", ran, time.Since(begin), want)
			}
			synctest.Wait()
		}
	})
}
