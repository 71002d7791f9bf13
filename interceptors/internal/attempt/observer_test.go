package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// observer notes what it hears, from any goroutine.
type observer struct {
	policy.NopObserver

	mu    sync.Mutex
	heard []string
}

type stepKey struct{}

func (o *observer) note(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heard = append(o.heard, fmt.Sprintf(format, args...))
}

func (o *observer) StepStarted(ctx context.Context, id step.ID) context.Context {
	o.note("%s started", id.Name)
	return context.WithValue(ctx, stepKey{}, id)
}

func (o *observer) StepEnded(ctx context.Context, id step.ID, e step.Ended) {
	how := "ended"
	switch {
	case e.Abandoned && e.Late:
		how = "abandoned and late"
	case e.Abandoned:
		how = "abandoned"
	case e.Late:
		how = "late"
	}
	if e.Answer {
		how += " with an answer"
	}
	if ctx.Value(stepKey{}) != id {
		how += " in another context"
	}
	o.note("%s %s: %v", id.Name, how, e.Err)
}

func (o *observer) FellBack(_ context.Context, f step.FellBack) {
	o.note("fell back to %s: %v, %v old, %v", f.Step, f.State, f.Age, f.Cause)
}

func (o *observer) Admitted(ctx context.Context, call *policy.Call, _ policy.Admitted) context.Context {
	o.note("let through as %s", call.Method)
	return ctx
}

func (o *observer) Rejected(_ context.Context, call *policy.Call, r policy.Rejected) {
	o.note("refused as %s: %v", call.Method, r.Err)
}

// until is a step that ends after d, whatever its context says, with what end
// returns.
func until(d time.Duration, end func() error) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) {
		time.Sleep(d)
		return "value", end()
	}
}

func well() error { return nil }

func badly() error { return errDown }

func panics() error { panic("oops") }

func exits() error {
	runtime.Goexit()
	return nil
}

// Every step that was started ends once, and one that was left behind once more.
func TestObserverHearsOfEachStepOnce(t *testing.T) {
	t.Parallel()
	const isDown, over, gaveUp = "rpc error: code = Unavailable desc = down", "context deadline exceeded",
		`chain: "a" did not end in time: context deadline exceeded`
	first := func(f func(context.Context, int) (string, error)) attempt.Step[int, string] {
		return attempt.To("a", f)
	}
	second := func(f func(context.Context, int) (string, error)) attempt.Step[int, string] {
		return attempt.To("b", f)
	}
	down := func(err error) bool { return errors.Is(err, errDown) }
	for name, tt := range map[string]struct {
		steps    steps
		answered func(error) bool
		want     []string
	}{
		"answers": {steps{first(gives("a"))}, nil, []string{"a started", "a ended: <nil>"}},
		"fails":   {steps{first(until(0, badly))}, nil, []string{"a started", "a ended: " + isDown}},
		"panics":  {steps{first(until(0, panics))}, nil, []string{"a started", "a ended: panicked: oops"}},
		"exits":   {steps{first(until(0, exits))}, nil, []string{"a started", "a ended: panicked: runtime.Goexit was called"}},
		"falls back": {
			steps{first(until(0, badly)), second(gives("b"))},
			nil,
			[]string{"a started", "a ended: " + isDown, "b started", "b ended: <nil>", "fell back to b: substituted, 0s old, " + isDown},
		},
		"answers that there is nothing": {
			steps{first(until(0, badly)), second(gives("b"))},
			down,
			[]string{"a started", "a ended with an answer: " + isDown},
		},
		"is left behind, and answers that there is nothing": {
			steps{first(until(time.Minute, badly))},
			down,
			[]string{"a started", "a abandoned: " + over, "a late with an answer: " + isDown},
		},
		"fails with what was an answer of the first": {
			steps{first(until(0, panics)), second(until(0, badly))},
			down,
			[]string{"a started", "a ended: panicked: oops", "b started", "b ended: " + isDown},
		},
		"is left behind by the run": {
			steps{first(until(time.Minute, well))},
			nil,
			[]string{"a started", "a abandoned: " + over, "a late: <nil>"},
		},
		"is left behind by the run and panics": {
			steps{first(until(time.Minute, panics))},
			nil,
			[]string{"a started", "a abandoned: " + over, "a late: panicked: oops"},
		},
		"is left behind by the run and exits": {
			steps{first(until(time.Minute, exits))},
			nil,
			[]string{"a started", "a abandoned: " + over, "a late: panicked: runtime.Goexit was called"},
		},
		"is left behind at its own timeout": {
			steps{first(until(time.Minute, badly)).Timeout(time.Millisecond)},
			nil,
			[]string{"a started", "a abandoned: " + gaveUp, "a late: " + isDown},
		},
		"is left behind, and so is its fallback": {
			steps{first(until(time.Minute, well)), second(until(time.Hour, badly))},
			nil,
			[]string{
				"a started", "a abandoned: " + gaveUp, "b started", "b abandoned: " + over, "a late: <nil>", "b late: " + isDown,
			},
		},
		"has no time": {
			steps{first(gives("a")).Needs(time.Minute)},
			nil,
			[]string{"a started", "a ended: fallback: not enough time left for the step: a (chain)"},
		},
		"is refused by a guard": {
			steps{first(gives("a")).Guard(closed{})},
			nil,
			[]string{"a started", "refused as chain: a: RATE_LIMITED: a", "a ended: RATE_LIMITED: a"},
		},
		"falls back to what a guard lets through": {
			steps{first(until(0, badly)), second(gives("b")).Guard(open{})},
			nil,
			[]string{
				"a started", "a ended: " + isDown, "b started", "let through as chain: b", "b ended: <nil>",
				"fell back to b: substituted, 0s old, " + isDown,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var o observer
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				run := &taker{done: make(chan struct{})}
				go run.Start(ctx, buildWith(t, attempt.Config{Observer: &o, Answered: tt.answered}, tt.steps...), 1, run)
				select {
				case <-run.done:
					if run.took[0] {
						run.Used(t.Context())
					}
				case <-ctx.Done():
					run.Abandon()
					run.Abandon() // once is enough
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if !slices.Equal(o.heard, tt.want) {
					t.Errorf("heard:\n%s\nwant:\n%s", strings.Join(o.heard, "\n"), strings.Join(tt.want, "\n"))
				}
			})
		})
	}
}

// closed is a policy that refuses.
type closed struct{}

func (closed) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, &policy.Rejection{Method: call.Method, Reason: policy.ReasonRateLimited}
}

// open is a policy that lets everything through.
type open struct{}

func (open) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// A step that was not started ends with a refusal, whatever kept it from it.
func TestStepsThatWereNotStartedAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := false
		ask := func(context.Context, int) (string, error) { asked = true; return "", nil }
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		over, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		full := build(t, attempt.To("a", deaf).MaxRunning(1))
		running := &taker{done: make(chan struct{})}
		go running.Start(t.Context(), full, 1, running)
		synctest.Wait()
		for name, tt := range map[string]struct {
			ctx    context.Context
			c      chain
			reason policy.Reason
			wants  []error
		}{
			"nobody waits":  {gone, build(t, attempt.To("a", ask)), policy.ReasonCancelled, []error{context.Canceled}},
			"time is over":  {over, build(t, attempt.To("a", ask)), policy.ReasonDeadlineTooNear, []error{step.ErrNoTime, context.DeadlineExceeded}},
			"too little is": {soon, build(t, attempt.To("a", ask).Needs(time.Minute)), policy.ReasonDeadlineTooNear, []error{step.ErrNoTime}},
			"too many run":  {t.Context(), full, policy.ReasonBulkheadFull, []error{step.ErrRunning}},
		} {
			run := &taker{done: make(chan struct{})}
			run.Start(tt.ctx, tt.c, 1, run)
			err := run.Answer.Failures()[0]
			if asked || run.took[0] || !policy.IsRejection(err) || policy.ReasonOf(err) != tt.reason {
				t.Errorf("%s: error = %v, asked: %v", name, err, asked)
			}
			for _, want := range tt.wants {
				if !errors.Is(err, want) {
					t.Errorf("%s: error = %v; want %v", name, err, want)
				}
			}
		}
		<-running.done
	})
}

// slow takes its time to note that a step was left behind.
type slow struct{ observer }

func (s *slow) StepEnded(ctx context.Context, id step.ID, e step.Ended) {
	if e.Abandoned {
		time.Sleep(time.Second)
	}
	s.observer.StepEnded(ctx, id, e)
}

// A step that ends while the observer is being told that it was left behind is told
// to be late after that, not before.
func TestObserverHearsThatAStepIsLateLast(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func() error{"ends": well, "exits": exits} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var o slow
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				run := &taker{done: make(chan struct{})}
				c := buildWith(t, attempt.Config{Observer: &o}, attempt.To("a", until(1500*time.Millisecond, end)))
				go run.Start(ctx, c, 1, run)
				<-ctx.Done()
				run.Abandon()
				synctest.Wait()
				if len(o.heard) != 3 || !strings.HasPrefix(o.heard[1], "a abandoned") || !strings.HasPrefix(o.heard[2], "a late") {
					t.Errorf("heard %q; want started, abandoned, late", o.heard)
				}
			})
		})
	}
}
