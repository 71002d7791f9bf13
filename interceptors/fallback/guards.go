package fallback

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Guards is called when the chain is built.
func (w watcher) Guards(step int) policy.Observer {
	o, ok := w.observer.(policy.Observer)
	if !ok {
		return nil
	}
	return guards{o, w.steps[step].String()}
}

// guards tells an observer of the calls that the guards of one step see. For the
// policies, the method of such a call is the step's name, which says little outside
// its chain; for the observer, it is the full name.
type guards struct {
	policy.Observer

	operation string
}

// Interest implements [policy.Selective].
func (g guards) Interest() policy.Interest { return policy.InterestOf(g.Observer) }

// Admitted implements [policy.Observer].
func (g guards) Admitted(ctx context.Context, call *policy.Call, a policy.Admitted) context.Context {
	return g.Observer.Admitted(ctx, new(g.named(*call)), a)
}

// Rejected implements [policy.Observer].
func (g guards) Rejected(ctx context.Context, call *policy.Call, r policy.Rejected) {
	g.Observer.Rejected(ctx, new(g.named(*call)), r)
}

// Settled implements [policy.Observer].
func (g guards) Settled(ctx context.Context, call *policy.Call, o *policy.Outcome) {
	g.Observer.Settled(ctx, new(g.named(*call)), o)
}

func (g guards) named(call policy.Call) policy.Call {
	call.Method = g.operation
	return call
}
