package lab

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// NewChain makes the policies of one client of a world. They tell the observer of their
// transitions. The name is another one for each client of each run.
type NewChain func(w *World, name string, observer policy.Observer) (*policy.Chain, error)

// Policies returns a system whose guards are chains of policies, as adapters use them,
// which see all calls as the one that is given.
func Policies(name string, call policy.Call, chain NewChain) System {
	return System{Name: name, ofPolicies: true, New: func(w *World, name string) (Guard, error) {
		g := &policies{call: call, context: contextOf(w)}
		var err error
		g.chain, err = chain(w, name, g)
		return g, err
	}}
}

// Blocking returns a system of policies that may block, as in a queue.
func Blocking(name string, call policy.Call, chain NewChain) System {
	s := Policies(name, call, chain)
	s.Blocks = true
	once := s.New
	s.New = func(w *World, name string) (Guard, error) {
		g, err := once(w, name)
		if g, ok := g.(*policies); ok {
			g.blocks = true
		}
		return g, err
	}
	return s
}

// Breaker returns a system whose guards are breakers of a configuration, which may be
// another one in each world.
func Breaker(name string, cfg func(w *World) breaker.Config) System {
	call := policy.Call{Method: "/lab.World/Call", Target: "lab"}
	return Policies(name, call, func(w *World, name string, observer policy.Observer) (*policy.Chain, error) {
		b, err := breaker.New(cfg(w), breaker.WithName(name), breaker.WithObserver(observer))
		if err != nil {
			return nil, err
		}
		return policy.NewChain([]policy.Policy{b})
	})
}

// contextOf returns the context of the calls in a world. A world whose callers have
// something else says so here.
func contextOf(w *World) context.Context {
	if w.Fallback {
		return policy.WithAlternative(context.Background())
	}
	return context.Background()
}

// policies is a guard that is a chain.
type policies struct {
	policy.NopObserver

	chain       *policy.Chain
	call        policy.Call
	context     context.Context //nolint:containedctx // that of each call
	blocks      bool
	transitions int
}

// Admit asks the chain.
func (g *policies) Admit(call *Call) bool {
	deadline := call.Began.Add(call.Deadline - call.At)
	call.admission.Call = g.call
	call.admission.Call.Deadline = deadline
	ctx, err := g.chain.Admit(g.contextFor(call, deadline), &call.admission)
	if err != nil {
		if r, ok := err.(*policy.Rejection); ok { //nolint:errorlint // what chains return
			call.refusedBy = r.Kind
		}
		call.release()
		return false
	}
	if at, ok := ctx.Deadline(); ok {
		call.Deadline = min(call.Deadline, call.At+at.Sub(call.Began))
	}
	return true
}

// contextFor returns the context of a call. Only who may wait for it needs one that ends.
func (g *policies) contextFor(call *Call, deadline time.Time) context.Context {
	if g.blocks {
		var ctx context.Context
		ctx, call.cancel = context.WithDeadline(g.context, deadline)
		return ctx
	}
	if call.context.Context == nil { // a timer of an earlier call may still look at it
		call.context.Context = g.context //nolint:fatcontext // once for each call
	}
	call.context.deadline = deadline
	return &call.context
}

// End settles the call.
func (*policies) End(call *Call, err error) {
	call.admission.Settle(err)
	call.release()
}

// Transition counts.
func (g *policies) Transition(policy.Transition) { g.transitions++ }

// Transitions returns how many there were.
func (g *policies) Transitions() int { return g.transitions }
