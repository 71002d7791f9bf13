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

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// watcher notes what it hears, from any goroutine.
type watcher struct {
	mu    sync.Mutex
	heard []string
}

type stepKey struct{}

func (w *watcher) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, fmt.Sprintf(format, args...))
}

func (w *watcher) Started(ctx context.Context, step int) context.Context {
	w.note("%d started", step)
	return context.WithValue(ctx, stepKey{}, step)
}

func (w *watcher) Ended(ctx context.Context, step int, e attempt.Ended) {
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
	if ctx.Value(stepKey{}) != step {
		how += " in another context"
	}
	w.note("%d %s: %v", step, how, e.Err)
}

func (w *watcher) FellBack(_ context.Context, step int, f attempt.FellBack) {
	w.note("fell back to %d: %v, %v old, %v", step, f.State, f.Age, f.Cause)
}

func (w *watcher) Guards(step int) policy.Observer { return guards{watcher: w, step: step} }

// guards notes what the guards of a step decide.
type guards struct {
	policy.NopObserver

	watcher *watcher
	step    int
}

func (g guards) Admitted(ctx context.Context, call *policy.Call, _ policy.Admitted) context.Context {
	g.watcher.note("%d let through as %s", g.step, call.Method)
	return ctx
}

func (g guards) Rejected(_ context.Context, call *policy.Call, r policy.Rejected) {
	g.watcher.note("%d refused as %s: %v", g.step, call.Method, r.Err)
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
func TestWatcherHearsOfEachStepOnce(t *testing.T) {
	t.Parallel()
	const down, over, gaveUp = "rpc error: code = Unavailable desc = down", "context deadline exceeded",
		`chain: "a" did not end in time: context deadline exceeded`
	first := func(f func(context.Context, int) (string, error)) builder {
		return builder{}.Then("a", degrade.Intact, f)
	}
	second := gives("b")
	answering := func(b builder) builder {
		b.Answered = func(err error) bool { return errors.Is(err, errDown) }
		return b
	}
	for name, tt := range map[string]struct {
		b    builder
		want []string
	}{
		"answers": {first(gives("a")), []string{"0 started", "0 ended: <nil>"}},
		"fails":   {first(until(0, badly)), []string{"0 started", "0 ended: " + down}},
		"panics":  {first(until(0, panics)), []string{"0 started", "0 ended: panicked: oops"}},
		"exits":   {first(until(0, exits)), []string{"0 started", "0 ended: panicked: runtime.Goexit was called"}},
		"falls back": {
			first(until(0, badly)).Then("b", degrade.Substituted, second),
			[]string{"0 started", "0 ended: " + down, "1 started", "1 ended: <nil>", "fell back to 1: substituted, 0s old, " + down},
		},
		"answers that there is nothing": {
			answering(first(until(0, badly)).Then("b", degrade.Substituted, second)),
			[]string{"0 started", "0 ended with an answer: " + down},
		},
		"is left behind, and answers that there is nothing": {
			answering(first(until(time.Minute, badly))),
			[]string{"0 started", "0 abandoned: " + over, "0 late with an answer: " + down},
		},
		"fails with what was an answer of the first": {
			answering(first(until(0, panics)).Then("b", degrade.Substituted, until(0, badly))),
			[]string{"0 started", "0 ended: panicked: oops", "1 started", "1 ended: " + down},
		},
		"is left behind by the run": {
			first(until(time.Minute, well)),
			[]string{"0 started", "0 abandoned: " + over, "0 late: <nil>"},
		},
		"is left behind by the run and panics": {
			first(until(time.Minute, panics)),
			[]string{"0 started", "0 abandoned: " + over, "0 late: panicked: oops"},
		},
		"is left behind by the run and exits": {
			first(until(time.Minute, exits)),
			[]string{"0 started", "0 abandoned: " + over, "0 late: panicked: runtime.Goexit was called"},
		},
		"is left behind at its own timeout": {
			first(until(time.Minute, badly)).Timeout(time.Millisecond),
			[]string{"0 started", "0 abandoned: " + gaveUp, "0 late: " + down},
		},
		"is left behind, and so is its fallback": {
			first(until(time.Minute, well)).Then("b", degrade.Substituted, until(time.Hour, badly)),
			[]string{
				"0 started", "0 abandoned: " + gaveUp, "1 started", "1 abandoned: " + over, "0 late: <nil>", "1 late: " + down,
			},
		},
		"has no time": {
			first(gives("a")).Needs(time.Minute),
			[]string{"0 started", "0 ended: fallback: not enough time left for the step: a (chain)"},
		},
		"is refused by a guard": {
			first(gives("a")).Guard(closed{}),
			[]string{"0 started", "0 refused as a: RATE_LIMITED: a", "0 ended: RATE_LIMITED: a"},
		},
		"falls back to what a guard lets through": {
			first(until(0, badly)).Then("b", degrade.Substituted, second).Guard(open{}),
			[]string{
				"0 started", "0 ended: " + down, "1 started", "1 let through as b", "1 ended: <nil>",
				"fell back to 1: substituted, 0s old, " + down,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var w watcher
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				run := &taker{done: make(chan struct{})}
				go run.Start(ctx, build(t, tt.b, &w), 1, run)
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
				if !slices.Equal(w.heard, tt.want) {
					t.Errorf("heard:\n%s\nwant:\n%s", strings.Join(w.heard, "\n"), strings.Join(tt.want, "\n"))
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

func (open) Acquire(context.Context, *policy.Call) (policy.Permit, error) { return policy.Permit{}, nil }

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
		full := build(t, builder{}.Then("a", degrade.Intact, deaf).MaxRunning(1), nil)
		running := &taker{done: make(chan struct{})}
		go running.Start(t.Context(), full, 1, running)
		synctest.Wait()
		for name, tt := range map[string]struct {
			ctx    context.Context
			c      *attempt.Chain[int, string]
			reason policy.Reason
			wants  []error
		}{
			"nobody waits":  {gone, build(t, builder{}.Then("a", degrade.Intact, ask), nil), policy.ReasonCancelled, []error{context.Canceled}},
			"time is over":  {over, build(t, builder{}.Then("a", degrade.Intact, ask), nil), policy.ReasonDeadlineTooNear, []error{attempt.ErrNoTime, context.DeadlineExceeded}},
			"too little is": {soon, build(t, builder{}.Then("a", degrade.Intact, ask).Needs(time.Minute), nil), policy.ReasonDeadlineTooNear, []error{attempt.ErrNoTime}},
			"too many run":  {t.Context(), full, policy.ReasonBulkheadFull, []error{attempt.ErrRunning}},
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
type slow struct{ watcher }

func (s *slow) Ended(ctx context.Context, step int, e attempt.Ended) {
	if e.Abandoned {
		time.Sleep(time.Second)
	}
	s.watcher.Ended(ctx, step, e)
}

// A step that ends while the watcher is being told that it was left behind is told
// to be late after that, not before.
func TestWatcherHearsThatAStepIsLateLast(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func() error{"ends": well, "exits": exits} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var w slow
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				run := &taker{done: make(chan struct{})}
				c := build(t, builder{}.Then("a", degrade.Intact, until(1500*time.Millisecond, end)), &w)
				go run.Start(ctx, c, 1, run)
				<-ctx.Done()
				run.Abandon()
				synctest.Wait()
				if len(w.heard) != 3 || !strings.HasPrefix(w.heard[1], "0 abandoned") || !strings.HasPrefix(w.heard[2], "0 late") {
					t.Errorf("heard %q; want started, abandoned, late", w.heard)
				}
			})
		})
	}
}
