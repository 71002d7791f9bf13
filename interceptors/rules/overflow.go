package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// The chains of calls that get no key of their own. They have everything but
// breakers: one that judges unrelated methods together is worse than none.

// overflow counts a call that gets no key of its own.
func (r *Rules) overflow(g *generation, call *policy.Call) *policy.Chain {
	r.overflowed.Add(1)
	return r.overflowChain(g, call)
}

// overflowChain returns the overflow chain of call's rule, nil if there is none.
func (r *Rules) overflowChain(g *generation, call *policy.Call) *policy.Chain {
	at, c := g.overflowOf(call)
	if at.rule == nil || c != nil {
		return c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.overflowLocked(r.current.Load(), call)
}

// overflowLocked makes the chain if need be. g must be in force.
func (r *Rules) overflowLocked(g *generation, call *policy.Call) *policy.Chain {
	at, c := g.overflowOf(call)
	if at.rule == nil || c != nil {
		return c
	}
	b := builder{rules: r, next: g}
	var policies []policy.Policy
	for i, t := range at.rule.Policies {
		if t.applies(at.side) && policy.LayerOf(at.rule.trial[i]) != policy.LayerBreaker {
			policies = append(policies, b.overflowPolicy(at.rule, i, at.side))
		}
	}
	var err error
	if c, err = policy.NewChain(policies, r.options...); err != nil {
		return nil // unreachable: there are few policies, and none is nil
	}
	g.overflow.Store(at, c)
	return c
}

// overflowOf returns where the chain for calls past the key limit is kept, with a
// nil rule if they are unguarded, and the chain if it has been made.
func (g *generation) overflowOf(call *policy.Call) (at overflowAt, c *policy.Chain) {
	at = overflowAt{g.set.enforced.find(call), call.Side}
	if at.rule == nil || len(at.rule.Policies) == 0 {
		return overflowAt{}, nil
	}
	if known, ok := g.overflow.Load(at); ok {
		c = known.(*policy.Chain) //nolint:errcheck,forcetypeassert // nothing else is ever stored
	}
	return at, c
}

// overflowPolicy returns the policy that calls past the key limit share. If it
// cannot be made now, the one made when the rules were checked is used.
func (b *builder) overflowPolicy(r *rule, i int, side policy.Side) policy.Policy {
	t, id := r.Policies[i], r.overflowIdentity(i, side)
	if s := b.next.shared[id]; s != nil {
		return s.live.Policy
	}
	key := Key{Name: overflowName}
	if id.scope == PerCompartment {
		key.Name = t.Compartment
	}
	key.Observer = b.rules.observerFor(key, side)
	p, err := t.make(i, key)
	if err != nil {
		p = r.trial[i]
	}
	return b.share(id, r, i, liveAs(key, side), p).live.Policy
}
