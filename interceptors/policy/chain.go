package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// MaxPolicies is the maximum number of policies of one call.
const MaxPolicies = 8

// Chain is the policies of a call, in order. It is immutable and safe for
// concurrent use. A nil *Chain has no policies. A Chain is not itself a
// [Policy], so chains do not nest.
type Chain struct {
	n int
	// standIns is the index of the first policy of LayerFault.
	standIns int
	// observer is nil when there is nobody to tell; interest is what it needs to
	// hear.
	observer Observer
	interest Interest
	// policies are in the chain itself: following a slice costs a cache miss
	// where there are many methods.
	policies [MaxPolicies]Policy
}

// Resolver finds the policies of a call. Resolve must be safe for concurrent
// use, and should not allocate for a call like one it has seen before. A nil
// chain leaves the call unguarded.
type Resolver interface {
	Resolve(call Call) *Chain
}

// ChainOption changes how a chain is built.
type ChainOption interface{ applyChain(*Chain) }

// WithObserver tells o of the calls of a chain. Default: no observer, and so with a
// nil o.
func WithObserver(o Observer) ChainOption { return observerOption{o} }

type observerOption struct{ observer Observer }

func (o observerOption) applyChain(c *Chain) {
	c.observer, c.interest = nil, Interest{}
	if o.observer != nil {
		c.observer, c.interest = Observe(o.observer), InterestOf(o.observer)
	}
}

// NewChain returns a chain of the policies, sorted by [Layer]; policies of one
// layer keep their order. It reports all faults at once: more than
// [MaxPolicies] policies, and each nil policy.
func NewChain(policies []Policy, opts ...ChainOption) (*Chain, error) {
	var faults []error
	if n := len(policies); n > MaxPolicies {
		faults = append(faults, fmt.Errorf("policy: chain has %d policies; must be at most %d", n, MaxPolicies))
	}
	for i, p := range policies {
		if p == nil {
			faults = append(faults, fmt.Errorf("policy: policy %d of the chain = nil; must be a policy", i))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	c := new(Chain)
	c.n = copy(c.policies[:], ordered(policies))
	for c.standIns < c.n && LayerOf(c.policies[c.standIns]) != LayerFault {
		c.standIns++
	}
	for _, o := range opts {
		o.applyChain(c)
	}
	return c, nil
}

// Policies returns the policies in order, outermost first.
func (c *Chain) Policies() []Policy {
	if c == nil {
		return nil
	}
	return slices.Clone(c.policies[:c.n])
}

// Observer returns the observer of the chain's calls, nil if there is none.
func (c *Chain) Observer() Observer {
	if c == nil {
		return nil
	}
	return c.observer
}

// Admit asks every policy in order and fills a, which the caller must then
// settle exactly once. It returns the context to make the call with. On an
// error, which becomes the error of the call, nothing is left to settle.
//
// Defer [Admission.Abandon] before Admit, so that a panic in between settles
// too. The Admission must not be copied after Admit.
func (c *Chain) Admit(ctx context.Context, call Call, a *Admission) (context.Context, error) {
	a.ctx = ctx
	if c == nil {
		return ctx, nil
	}
	if c.observer != nil {
		a.observer, a.call, a.wants, a.tellAll = c.observer, call, c.interest.Instants, c.interest.EveryAdmission
	}
	for i := range c.n {
		if i == c.standIns {
			a.start(call.Begin)
		}
		// call is handed on as it is: each copy of it on the way costs as much as
		// a policy's own work.
		permit, err := c.policies[i].Acquire(a.ctx, call)
		if permit.Waited > 0 {
			a.blocked(LayerOf(c.policies[i]), permit.Waited)
		}
		if err != nil {
			a.refused(err)
			return a.ctx, err
		}
		if permit.At != 0 {
			call.Begin = permit.At
		}
		a.keep(&permit)
	}
	a.start(call.Begin)
	return a.ctx, nil
}
