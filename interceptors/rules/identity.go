package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// identity says which policy before a change of rules is the same as one after
// it. It is unique within one generation.
type identity struct {
	kind   string
	scope  Scope
	side   policy.Side
	target string
	name   string
	// match is the rule's where several methods share the policy: the per-target
	// bulkheads of two rules differ. A policy of one method belongs to the method,
	// whichever rule it has now.
	match string
	// nth tells the policies of one kind and scope in one rule apart.
	nth              int
	shadow, overflow bool
	// given is set for a policy by Use, and then alone.
	given any
}

// identity is the identity of the i-th policy of the rule for a call.
func (r *rule) identity(i int, call *policy.Call) identity {
	t := r.Policies[i]
	if t.given != nil {
		return identity{given: t.given}
	}
	key := t.keyOf(call)
	id := identity{
		kind: t.Kind, scope: t.Scope, side: call.Side, target: key.Target, name: key.Name, shadow: r.Shadow,
	}
	switch t.Scope {
	case PerCompartment:
	case PerMethod:
		id.nth = r.nth(i, call.Side)
	case PerService, PerTarget:
		id.match, id.nth = r.Match, r.nth(i, call.Side)
	}
	return id
}

// overflowIdentity is the identity of the i-th policy of the rule for calls past
// the key limit. Compartments and policies by Use are the same for them as for
// other calls.
func (r *rule) overflowIdentity(i int, side policy.Side) identity {
	id := r.identity(i, &policy.Call{Side: side, Target: r.Target})
	if id.given != nil || id.scope == PerCompartment {
		return id
	}
	id.name, id.match, id.overflow = overflowName, r.Match, true
	return id
}

// nth counts the templates before the i-th that are like it for side.
func (r *rule) nth(i int, side policy.Side) int {
	n := 0
	for _, t := range r.Policies[:i] {
		if t.given == nil && t.Kind == r.Policies[i].Kind && t.Scope == r.Policies[i].Scope && t.applies(side) {
			n++
		}
	}
	return n
}

// pinned reports whether the policy is kept as long as the rules, even if no key
// uses it: there are few such policies.
func (id identity) pinned() bool {
	return id.given != nil || id.overflow || id.scope == PerCompartment
}

// templateOf finds the template that a shared policy would be made by under s.
func (s *ruleset) templateOf(id identity) (t Template, ok bool) {
	if id.scope == PerCompartment {
		for _, m := range s.compartments[compartment{id.kind, id.name, id.shadow}] {
			if t = m.Policies[m.i]; m.applies(id.side) && t.applies(id.side) {
				return t, true
			}
		}
		return Template{}, false
	}
	r := s.ruleOf(id)
	if r == nil {
		return Template{}, false
	}
	for i, t := range r.Policies {
		like := r.identity(i, &policy.Call{Method: id.name, Target: id.target, Side: id.side})
		if id.overflow {
			like = r.overflowIdentity(i, id.side)
		}
		if like == id && t.applies(id.side) {
			return t, true
		}
	}
	return Template{}, false
}

// ruleOf finds the rule of a policy that stands for one, nil if it is gone.
func (s *ruleset) ruleOf(id identity) *rule {
	p, err := parsePattern(id.match)
	if err != nil {
		return nil // a policy by Use
	}
	return s.layer(Rule{Shadow: id.shadow}).groups[p.text].find(&policy.Call{Target: id.target, Side: id.side})
}
