package fallback

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
)

// Watch returns a watcher that tells o of the steps of one chain, in a plan or
// with an empty plan name outside of one. It is for package fanout, which runs
// steps too. A nil o gives a nil watcher.
func Watch(o Observer, plan, chain string, steps []string) attempt.Watcher {
	if o == nil {
		return nil
	}
	w := watcher{observer: o}
	for i, name := range steps {
		w.steps = append(w.steps, Step{Plan: plan, Chain: chain, Name: name, Fallback: i > 0})
	}
	return w
}

// watcher tells an observer of the steps of one chain, and recovers its panics.
type watcher struct {
	observer Observer
	steps    []Step
}

// Started is called by the run.
func (w watcher) Started(ctx context.Context, step int) (out context.Context) {
	out = ctx
	defer contain()
	if own := w.observer.StepStarted(ctx, w.steps[step]); own != nil {
		out = own
	}
	return out
}

// Ended is called by the run.
func (w watcher) Ended(ctx context.Context, step int, e attempt.Ended) {
	defer contain()
	w.observer.StepEnded(ctx, w.steps[step], Ended(e))
}

// FellBack is called when the run's answer is used.
func (w watcher) FellBack(ctx context.Context, step int, f attempt.FellBack) {
	defer contain()
	s := w.steps[step]
	w.observer.FellBack(ctx, FellBack{Plan: s.Plan, Chain: s.Chain, Step: s.Name, State: f.State, Age: f.Age, Cause: f.Cause})
}

func contain() { _ = recover() }
