package lab

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Policies returns a system whose guards are chains of policies, as adapters use them.
// The chain tells the observer of the transitions of its policies.
func Policies(name string, chain func(w *World, name string, observer policy.Observer) (*policy.Chain, error)) System {
	return System{Name: name, New: func(w *World, name string) (Guard, error) {
		g := &policies{context: contextOf(w)}
		var err error
		g.chain, err = chain(w, name, g)
		return g, err
	}}
}

// Breaker returns a system whose guards are breakers of a configuration.
func Breaker(name string, cfg breaker.Config) System {
	return Policies(name, func(_ *World, name string, observer policy.Observer) (*policy.Chain, error) {
		b, err := breaker.New(cfg, breaker.WithName(name), breaker.WithObserver(observer))
		if err != nil {
			return nil, err
		}
		return policy.NewChain([]policy.Policy{b})
	})
}

// contextOf returns the context of the calls in a world. A world whose callers have
// something else says so here.
func contextOf(_ *World) context.Context { return context.Background() }

// policies is a guard that is a chain.
type policies struct {
	policy.NopObserver

	chain       *policy.Chain
	context     context.Context //nolint:containedctx // that of each call
	transitions int
}

// Admit asks the chain.
func (g *policies) Admit(call *Call) bool {
	call.context = callContext{g.context, call.Began.Add(call.Deadline - call.At)}
	call.admission.Call = policy.Call{Method: method, Target: target, Deadline: call.context.deadline}
	ctx, err := g.chain.Admit(&call.context, &call.admission)
	if err != nil {
		return false
	}
	if ctx != &call.context {
		if deadline, ok := ctx.Deadline(); ok {
			call.Deadline = min(call.Deadline, call.At+deadline.Sub(call.Began))
		}
	}
	return true
}

// What calls are called.
const (
	method = "/lab.World/Call"
	target = "lab"
)

// End settles the call.
func (*policies) End(call *Call, err error) { call.admission.Settle(err) }

// Transition counts.
func (g *policies) Transition(policy.Transition) { g.transitions++ }

// Transitions returns how many there were.
func (g *policies) Transitions() int { return g.transitions }
