package attempt

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Watcher hears of the steps that run. It must be safe for concurrent use, and
// must not panic.
type Watcher interface {
	// Started returns the context for the step.
	Started(ctx context.Context, step int) context.Context
	// Ended is called once for each step that was started, and a second time for one
	// that had been left behind, when it ends after all.
	Ended(ctx context.Context, step int, e Ended)
	// FellBack: the value of another step than the first is used.
	FellBack(ctx context.Context, step int, f FellBack)
	// Guards is who hears of what the policies of a step decide, nil if nobody does.
	// It is asked for when the chain is built.
	Guards(step int) policy.Observer
}

// Ended is how a step did.
type Ended struct {
	// Err is the step's own error, or why it was refused or left behind.
	Err error
	// Answer: the error is the answer that there is no value.
	Answer bool
	// Abandoned: it was left behind, and runs on.
	Abandoned bool
	// Late: it had been left behind, and has ended now.
	Late bool
}

// FellBack is a value of another step than the first.
type FellBack struct {
	// State and Age are what the value is, Cause why the first step has none.
	State degrade.State
	Age   time.Duration
	Cause error
}

// Used says that the answer is used, which the watcher hears if it is not the
// first step's.
func (r *Run[In, T]) Used(ctx context.Context) {
	w, step := r.chain.watcher, r.Answer.Step()
	if w == nil || step == 0 {
		return
	}
	a := &r.Answer
	w.FellBack(ctx, step, FellBack{State: r.chain.Steps[step].State, Age: a.Age(), Cause: a.Failures()[0]})
}
