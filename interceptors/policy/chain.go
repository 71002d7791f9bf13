package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// MaxPolicies is the maximum number of policies of one call.
const MaxPolicies = 8

// Chain is the policies of a call, in order. It is immutable and safe for
// concurrent use. A nil *Chain has no policies. A Chain is not itself a
// [Policy], so chains do not nest.
type Chain struct {
	// links stand behind the chain in memory: where there are many methods, each
	// detour is a cache miss.
	links []link
	// observer is nil when there is nobody to tell; interest is what it needs to
	// hear.
	observer Observer
	interest Interest
	// class is that of the calls by their rule, Unset if it has none.
	class criticality.Class
	// judge is nil when the rule of the calls does not say what their ends mean.
	judge      Judge
	judgeWants Wants
	// refusal is the last one by a control that is none of the chain's policies, of which
	// controls says that there is one.
	refusal  atomic.Pointer[Rejection]
	controls bool
	// standIns is the index of the first policy of LayerFault.
	standIns int8
}

// link is a policy of a chain, and its last rejection of a call under that chain.
type link struct {
	policy  Policy
	refusal atomic.Pointer[Rejection]
}

// newChain returns a chain with n links, which are in the same piece of memory.
func newChain(n int) *Chain {
	switch {
	case n <= 2:
		c := new(struct {
			Chain

			behind [2]link
		})
		c.links = c.behind[:n]
		return &c.Chain
	case n <= 4:
		c := new(struct {
			Chain

			behind [4]link
		})
		c.links = c.behind[:n]
		return &c.Chain
	default:
		c := new(struct {
			Chain

			behind [MaxPolicies]link
		})
		c.links = c.behind[:n]
		return &c.Chain
	}
}

// Resolver finds the policies of a call. Resolve must be safe for concurrent
// use, and should not allocate for a call like one it has seen before. A nil
// chain leaves the call unguarded.
type Resolver interface {
	// Resolve returns the chain of a call, which must not be kept.
	Resolve(call *Call) *Chain
}

// ChainOption changes how a chain is built.
type ChainOption interface{ applyChain(*Chain) }

// WithObserver tells o of the calls of a chain. Default: no observer, and so with a
// nil o.
func WithObserver(o Observer) ChainOption {
	if validate.IsNil(o) {
		return observerOption{}
	}
	return observerOption{Observe(o), InterestOf(o)}
}

// observerOption is an observer and what it needs to hear, which all chains share.
type observerOption struct {
	observer Observer
	interest Interest
}

func (o observerOption) applyChain(c *Chain) { c.observer, c.interest = o.observer, o.interest }

// WithCriticality makes c the class of the calls of a chain that say nothing or a higher
// one. Default: calls are what they say.
func WithCriticality(c criticality.Class) ChainOption { return classOption(c) }

type classOption criticality.Class

func (o classOption) applyChain(c *Chain) { c.class = criticality.Class(o) }

// NewChain returns a chain of the policies, sorted by [Layer]; policies of one
// layer keep their order. It reports all faults at once: more than
// [MaxPolicies] policies, each policy that is nil or a nil pointer, and each that is there
// twice, which would count a call twice and take two places for it.
func NewChain(policies []Policy, opts ...ChainOption) (*Chain, error) {
	if err := checkPolicies(policies); err != nil {
		return nil, err
	}
	c := newChain(len(policies))
	for i, p := range policies {
		c.place(i, p)
		_, ok := p.(Controller)
		c.controls = c.controls || ok
	}
	for int(c.standIns) < len(c.links) && LayerOf(c.links[c.standIns].policy) != LayerFault {
		c.standIns++
	}
	for _, o := range opts {
		o.applyChain(c)
	}
	return c, nil
}

// checkPolicies returns what is wrong with the policies of a chain.
func checkPolicies(policies []Policy) error {
	var faults []error
	if n := len(policies); n > MaxPolicies {
		faults = append(faults, fmt.Errorf("policy: chain has %d policies; must be at most %d", n, MaxPolicies))
	}
	for i, p := range policies {
		first := -1
		if validate.IsPointer(p) {
			first = slices.Index(policies[:i], p)
		}
		switch {
		case p == nil:
			faults = append(faults, fmt.Errorf("policy: policy %d of the chain = nil; must be a policy", i))
		case validate.IsNil(p):
			faults = append(faults, fmt.Errorf("policy: policy %d of the chain = nil %T; must be a policy", i, p))
		case first >= 0:
			faults = append(faults, fmt.Errorf("policy: policy %d of the chain = the %T that is policy %d; must be there once", i, p, first))
		}
	}
	if faults == nil {
		return nil
	}
	return errors.Join(faults...)
}

// place puts p in order among the first n policies; those of one layer keep theirs. There
// are few, so that sorting them by insertion is as quick as by a library, which makes every
// program larger.
func (c *Chain) place(n int, p Policy) {
	in := LayerOf(p)
	for ; n > 0 && in < LayerOf(c.links[n-1].policy); n-- {
		c.links[n].policy = c.links[n-1].policy
	}
	c.links[n].policy = p
}

// Policies returns the policies in order, outermost first.
func (c *Chain) Policies() []Policy {
	if c == nil {
		return nil
	}
	all := make([]Policy, len(c.links))
	for i := range c.links {
		all[i] = c.links[i].policy
	}
	return all
}

// Refusals returns the last rejection of a call under this chain by each policy, in the order
// of Policies: nil for one that has refused none.
func (c *Chain) Refusals() []*Rejection {
	if c == nil {
		return nil
	}
	all := make([]*Rejection, len(c.links))
	for i := range c.links {
		all[i] = c.links[i].refusal.Load()
	}
	return all
}

// Observer returns the observer of the chain's calls, nil if there is none.
func (c *Chain) Observer() Observer {
	if c == nil {
		return nil
	}
	return c.observer
}

// Criticality returns the class of the chain's calls by [WithCriticality], Unset if it has
// none.
func (c *Chain) Criticality() criticality.Class {
	if c == nil {
		return criticality.Unset
	}
	return c.class
}

// Controls reports whether a policy of the chain is a [Controller], so that its calls are
// not under the control of their server.
func (c *Chain) Controls() bool { return c != nil && c.controls }

// Admit asks every policy in order whether a.Call may start. It returns the context
// to make the call with, and a must then be settled exactly once. On an error, which
// becomes the error of the call, nothing is left to settle.
//
// Defer [Admission.End] or [Admission.Abandon] before Admit, so that a panic in
// between settles too.
func (c *Chain) Admit(ctx context.Context, a *Admission) (context.Context, error) {
	a.begin(ctx)
	if c == nil {
		return ctx, nil
	}
	if c.observer != nil {
		a.observer, a.wants, a.tellAll = c.observer, c.interest.Instants, c.interest.EveryAdmission
	}
	if c.judge != nil {
		a.judge, a.wants = c.judge, a.wants|c.judgeWants
	}
	for i := c.first(a); i < len(c.links); i++ {
		if i == int(c.standIns) {
			a.start()
		}
		asked, refusal := a.Control, &c.refusal
		if i >= 0 {
			asked, refusal = c.links[i].policy, &c.links[i].refusal
		}
		waited := a.Call.Waited
		a.Call.refusal = refusal
		permit, err := asked.Acquire(a.ctx, &a.Call)
		if a.Call.Waited > waited {
			a.blocked(LayerOf(asked), a.Call.Waited-waited)
		}
		if err != nil {
			a.refused(err)
			return a.ctx, err
		}
		if a.Call.Context != nil {
			a.ctx, a.Call.Context = a.Call.Context, nil //nolint:fatcontext // each policy replaces the context of the call
		}
		if permit.Settler != nil {
			a.wants |= permit.Wants
			a.holds[a.held] = hold{permit.Settler, permit.Token, permit.Wants}
			a.held++
		}
	}
	a.start()
	return a.ctx, nil
}

// first returns the index of the first policy to ask, -1 for the control that comes before
// those of the chain.
func (c *Chain) first(a *Admission) int {
	a.Call.Controlled = a.Control != nil && !c.controls
	if a.Call.Controlled {
		return -1
	}
	return 0
}

// Run runs f, which has no value, under all policies of the chain. See the function [Do],
// and [DoChain] for functions that have one.
func (c *Chain) Run(ctx context.Context, name string, f func(ctx context.Context) error) error {
	a := Begin()
	defer a.End()
	return c.run(ctx, a, name, f)
}

// run makes f the call of a, and runs it under the chain.
func (c *Chain) run(ctx context.Context, a *Admission, name string, f func(ctx context.Context) error) error {
	admitted, err := c.admitLocal(ctx, a, name)
	if err != nil {
		return below.Note(ctx, err)
	}
	return settleLocal(ctx, admitted, a, f(admitted))
}

// admitLocal admits a call that is not gRPC's.
func (c *Chain) admitLocal(ctx context.Context, a *Admission, name string) (context.Context, error) {
	a.Call = Call{Method: name, Side: Local, Criticality: criticality.Of(ctx).AtMost(c.Criticality())}
	a.Call.Deadline, _ = ctx.Deadline()
	return c.Admit(ctx, a)
}
