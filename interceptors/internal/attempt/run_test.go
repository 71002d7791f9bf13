package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

var errDown = status.Error(codes.Unavailable, "down")

type (
	chain = *attempt.Chain[int, string]
	steps = []attempt.Step[int, string]
)

func gives(value string) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) { return value, nil }
}

func fails(context.Context, int) (string, error) { return "", errDown }

// deaf ignores its context for an hour.
func deaf(context.Context, int) (string, error) {
	time.Sleep(time.Hour)
	return "late", nil
}

// old says of a value that its age is not known.
func old(get func(context.Context, int) (string, error)) func(context.Context, int) (string, time.Time, error) {
	return func(ctx context.Context, in int) (string, time.Time, error) {
		value, err := get(ctx, in)
		return value, time.Time{}, err
	}
}

func build(tb testing.TB, s ...attempt.Step[int, string]) chain {
	tb.Helper()
	return buildWith(tb, attempt.Config{}, s...)
}

func buildWith(tb testing.TB, cfg attempt.Config, s ...attempt.Step[int, string]) chain {
	tb.Helper()
	cfg.Label, cfg.Name = "chain", "chain"
	c, err := attempt.New(cfg, s...)
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
		steps    steps
		ok       bool
		step     int
		value    string
		failures int
	}{
		"first":  {steps{attempt.To("a", gives("a"))}, true, 0, "a", 0},
		"second": {steps{attempt.To("a", fails), attempt.To("b", gives("b"))}, true, 1, "b", 1},
		"none":   {steps{attempt.To("a", fails), attempt.To("b", fails)}, false, 0, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := &taker{done: make(chan struct{})}
			run.Start(t.Context(), build(t, tt.steps...), 1, run)
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
	c := build(t, attempt.To("a", gives("not to be asked")), attempt.Stale("b", old(gives("b"))))
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
	c := build(t, attempt.To("a", func(context.Context, int) (string, error) {
		asked = true
		return "", nil
	}))
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
		c := build(t, attempt.To("a", fails), attempt.Stale("b", func(context.Context, int) (string, time.Time, error) {
			return "b", time.Now().Add(-time.Hour), nil
		}))
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
		whole bool
		steps steps
		want  map[string]degrade.State
	}{
		"the first":           {false, steps{attempt.To("a", says(nil))}, map[string]degrade.State{"x": degrade.Partial, "y": degrade.Partial}},
		"the first, as it is": {true, steps{attempt.To("a", says(nil))}, map[string]degrade.State{"x": degrade.Missing, "y": degrade.Intact}},
		"the second": {
			true,
			steps{attempt.To("a", says(errDown)), attempt.To("b", says(nil))},
			map[string]degrade.State{"x": degrade.Missing, "y": degrade.Substituted},
		},
	} {
		run := &taker{done: make(chan struct{})}
		run.Require(true)
		run.Start(t.Context(), buildWith(t, attempt.Config{Whole: tt.whole}, tt.steps...), 1, run)
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
	run.Start(t.Context(), build(t, attempt.To("a", gives("a"))), 1, run)
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
				cfg := attempt.Config{Panicked: func(_ context.Context, step string, err *policy.PanicError, late bool) {
					told = append(told, fmt.Sprintf("%s, late: %v, with a stack: %v", step, late, len(err.Stack) > 0))
				}}
				c := buildWith(t, cfg, attempt.To("a", func(context.Context, int) (string, error) {
					time.Sleep(time.Second)
					f()
					return "", nil
				}))
				for _, has := range []time.Duration{time.Minute, time.Millisecond} {
					ctx, cancel := context.WithTimeout(t.Context(), has)
					run := &taker{done: make(chan struct{})}
					go run.Start(ctx, c, 1, run)
					time.Sleep(time.Minute)
					synctest.Wait()
					cancel()
				}
				if want := []string{"a, late: false, with a stack: true", "a, late: true, with a stack: true"}; !slices.Equal(told, want) {
					t.Errorf("told %q; want %q", told, want)
				}
			})
		})
	}
}

// The error of one step is left as it is, that of several names them.
func TestErrorOfAChain(t *testing.T) {
	t.Parallel()
	c := build(t, attempt.To("a", fails), attempt.Stale("b", old(fails)))
	if c.StepName(0) != "a" || c.StepName(1) != "b" {
		t.Errorf("steps %q, %q", c.StepName(0), c.StepName(1))
	}
	if err := c.Error([]error{errDown}); err != errDown { //nolint:errorlint // the very error
		t.Errorf("error of one step = %v", err)
	}
	const want = `fallback "chain": a: rpc error: code = Unavailable desc = down; b: other`
	if err := c.Error([]error{errDown, errors.New("other")}); err.Error() != want || !errors.Is(err, errDown) {
		t.Errorf("error of two steps = %v; want %s", err, want)
	}
}

// What is made of a step leaves it as it was, and each chain counts for itself.
func TestStepsAreValues(t *testing.T) {
	t.Parallel()
	base := attempt.To("a", gives("a")).Guard(open{})
	one, two := base.Guard(open{}), base.Guard(closed{})
	_ = base.Timeout(time.Second).MaxRunning(3).With("detail").Without("thing", "a thing")
	if timeout, maxRunning := base.Bounds(); timeout != 0 || maxRunning != attempt.DefaultMaxRunning || base.Detail() != nil {
		t.Errorf("bounds %v, %d, detail %v", timeout, maxRunning, base.Detail())
	}
	for name, tt := range map[string]struct {
		step attempt.Step[int, string]
		ok   bool
	}{"base": {base, true}, "one": {one, true}, "two": {two, false}} {
		run := &taker{done: make(chan struct{})}
		run.Start(t.Context(), build(t, tt.step), 1, run)
		if run.took[0] != tt.ok {
			t.Errorf("%s: took %v", name, run.took)
		}
	}
}

func TestLimitSharesTheTime(t *testing.T) {
	t.Parallel()
	instant := func(int) string { return "" }
	first, second := attempt.To("a", fails), attempt.To("b", fails)
	for name, tt := range map[string]struct {
		steps steps
		step  int
		left  time.Duration // 0: no deadline
		want  time.Duration // 0: nothing but the context
		err   error
	}{
		"alone":                      {steps{attempt.To("a", fails)}, 0, time.Second, 0, nil},
		"alone, with a timeout":      {steps{attempt.To("a", fails).Timeout(time.Minute)}, 0, time.Second, time.Second, nil},
		"one after":                  {steps{first, second}, 0, time.Second, 750 * time.Millisecond, nil},
		"the last":                   {steps{first, second}, 1, time.Second, 0, nil},
		"no deadline":                {steps{first, second}, 0, 0, 0, nil},
		"no deadline, but a timeout": {steps{first, second.Timeout(time.Minute)}, 1, 0, time.Minute, nil},
		"a default after":            {steps{attempt.To("a", fails), attempt.Default(instant)}, 0, 40 * time.Millisecond, 38 * time.Millisecond, nil},
		"needs more than there is":   {steps{first, second.Needs(2 * time.Second)}, 1, time.Second, 0, step.ErrNoTime},
		"half at most":               {steps{first, second.Needs(time.Minute)}, 0, time.Second, 500 * time.Millisecond, nil},
		"many after":                 {steps{first, second, second, second, second, second}, 0, time.Second, 500 * time.Millisecond, nil},
		"centuries":                  {steps{first, second}, 0, math.MaxInt64, math.MaxInt64 - math.MaxInt64/4, nil},
		"centuries, many after":      {steps{first, second, second, second, second, second}, 0, math.MaxInt64, math.MaxInt64 - math.MaxInt64/2, nil},
		"centuries, needs": {
			steps{first, second.Needs(24 * time.Hour), second, second, second}, 0, math.MaxInt64, math.MaxInt64 - math.MaxInt64/2, nil,
		},
		"centuries, a timeout": {steps{first.Timeout(time.Second), second, second, second, second, second}, 0, math.MaxInt64, time.Second, nil},
		"next to nothing":      {steps{first, second, second}, 0, 1, 1, nil},
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
				limit, err := build(t, tt.steps...).Limit(ctx, tt.step)
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
	afar := func(code codes.Code, reason policy.Reason) error {
		s, err := status.New(code, "refused").WithDetails(&errdetails.ErrorInfo{Domain: policy.Domain, Reason: string(reason)})
		if err != nil {
			t.Fatal(err)
		}
		return s.Err()
	}
	c := build(t, attempt.To("a", fails))
	for err, want := range map[error]bool{
		errDown:                           true,
		errors.New("plain"):               true,
		context.DeadlineExceeded:          true,
		&policy.PanicError{Value: "oops"}: true,
		&policy.Rejection{Reason: policy.ReasonRateLimited}:        true,
		&policy.Rejection{Reason: policy.ReasonCancelled}:          false,
		status.Error(99, "no code"):                                true,
		afar(codes.Unavailable, policy.ReasonCircuitOpen):          true, // there may be another way
		afar(codes.ResourceExhausted, policy.ReasonBulkheadFull):   true,
		afar(codes.DeadlineExceeded, policy.ReasonDeadlineTooNear): true,
		afar(codes.Canceled, policy.ReasonCancelled):               false,
		context.Canceled:                         false,
		status.Error(codes.NotFound, ""):         false,
		status.Error(codes.PermissionDenied, ""): false,
	} {
		if got := c.FallsBack(err); got != want {
			t.Errorf("%v: %v; want %v", err, got, want)
		}
	}
}

// overtime makes a run of a chain with a default whose time is over.
func overtime(t *testing.T, s ...attempt.Step[int, string]) (*taker, chain, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return &taker{done: make(chan struct{})}, buildWith(t, attempt.Config{Overtime: true},
		append(s, attempt.Default(func(int) string { return "default" }))...), ctx
}

// A step that runs on when the time is over gives way to the default. Steps between
// them are not started.
func TestHurry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := false
		run, c, ctx := overtime(
			t,
			attempt.To("a", deaf).Needs(time.Second), // so that nothing bounds it
			attempt.To("b", func(context.Context, int) (string, error) {
				asked = true
				return "b", nil
			}),
		)
		go run.Start(unbounded{ctx}, c, 1, run)
		<-ctx.Done()
		run.Hurry()
		<-run.done
		a := &run.Answer
		if !slices.Equal(run.took, []bool{true}) || asked || a.Value != "default" || a.Step() != 2 || len(a.Failures()) != 2 {
			t.Errorf("took %v, asked %v: %q of step %d, %v", run.took, asked, a.Value, a.Step(), a.Failures())
		}
		if !errors.Is(a.Failures()[0], context.DeadlineExceeded) || !errors.Is(a.Failures()[1], step.ErrNoTime) {
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
		run, c, ctx := overtime(t, attempt.To("a", fails), attempt.To("b", fails))
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
	run, c, _ := overtime(t, attempt.To("a", fails))
	run.Start(over, c, 1, run)
	if !slices.Equal(run.took, []bool{false}) {
		t.Errorf("took %v: %+v", run.took, run.Answer)
	}
	going, goes := context.WithCancel(t.Context())
	run, c, _ = overtime(t, attempt.To("a", func(ctx context.Context, in int) (string, error) {
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
		c := build(t, attempt.To("a", fails), attempt.Default(func(int) string { return "default" }))
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
		c := build(t, attempt.To("a", deaf).MaxRunning(2))
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

// However old a value is said to be, its age is one that there can be.
func TestExtremeAges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for _, tt := range []struct {
			asOf time.Time
			want time.Duration
		}{
			{time.Time{}, 0}, // not known
			{time.Time{}.Add(1), math.MaxInt64},
			{now.AddDate(-1900, 0, 0), math.MaxInt64},
			{now.Add(math.MinInt64), math.MaxInt64},
			{now.Add(-1), 1},
			{now, 0},
			{now.AddDate(7000, 0, 0), 0},
		} {
			run := &taker{done: make(chan struct{})}
			run.Start(t.Context(), build(t, attempt.To("a", fails), attempt.Stale("b", func(context.Context, int) (string, time.Time, error) {
				return "b", tt.asOf, nil
			})), 1, run)
			<-run.done
			report := run.Report(degrade.Source{})
			sent := report.Proto().GetFields()[0].GetAge().AsDuration()
			if run.Answer.Age() != tt.want || report.Age("") != tt.want || sent != tt.want {
				t.Errorf("as of %v: %v, %v, sent %v; want %v", tt.asOf, run.Answer.Age(), report.Age(""), sent, tt.want)
			}
		}
	})
}
