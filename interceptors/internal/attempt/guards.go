package attempt

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// guards tells an observer of the calls that the guards of one step see. For the
// policies, the method of such a call is the step's name, which says little outside
// its chain; for the observer, it is the full name.
type guards struct {
	policy.Observer

	operation string
}

// guardsOf returns who hears of what the guards of a step decide: the observer of the
// steps, if it observes policies too, else nobody.
func guardsOf(observer step.Observer, id step.ID) policy.Observer {
	o, ok := observer.(policy.Observer)
	if !ok {
		return nil
	}
	return guards{o, id.String()}
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

// named returns the call under the full name.
func (g guards) named(call policy.Call) policy.Call {
	call.Method = g.operation
	return call
}
