package rules

import (
	"iter"
	"maps"
	"slices"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Live is a policy of [Rules] that is in force and that has guarded some call.
type Live struct {
	// Policy is the policy.
	Policy policy.Policy
	// Kind is the template's, such as "breaker". Empty if the template has none,
	// and for a policy given with [Use].
	Kind string
	// Side is the side of its calls. A policy given with Use may have calls of
	// other sides too.
	Side policy.Side
	// Target is the client's. Empty on a server, in a compartment, and for calls
	// past the key limit.
	Target string
	// Name is the method, the service as "/pkg.Service/", "*" for a target, the
	// compartment, or "(overflow)" for calls past the key limit. Empty for a policy
	// given with Use.
	Name string
	// Scope says which calls share the policy.
	Scope Scope
	// Match is the pattern of the rule that configures the policy. Empty in a
	// compartment, which several rules share, and for a policy given with Use.
	Match string
	// Shadow: the rule is a shadow rule.
	Shadow bool
}

// Live yields every policy that is in force at the moment, each once, in no
// particular order. Policies that a change of rules has removed are not among
// them, though calls may still hold their permits.
func (r *Rules) Live() iter.Seq[Live] {
	return func(yield func(Live) bool) {
		g, all := r.allShared()
		for _, s := range all {
			if !yield(s.live) {
				return
			}
		}
		for e := range g.table.entries() {
			for _, o := range e.own {
				if !yield(o.live(e)) {
					return
				}
			}
		}
	}
}

// Samples yields a policy of each template of the rules in force, and so of every kind
// that calls can meet: the one that was made to check the template. Some may come more
// than once.
func (r *Rules) Samples() iter.Seq[policy.Policy] {
	set := r.current.Load().set
	return func(yield func(policy.Policy) bool) {
		for _, x := range []*index{&set.enforced, &set.shadow} {
			for own := range x.all() {
				for _, p := range own.trial {
					if !yield(p) {
						return
					}
				}
			}
		}
	}
}

// allShared returns the generation in force and its shared policies, so that they
// can be looked at outside the lock.
func (r *Rules) allShared() (*generation, []*shared) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.current.Load()
	return g, slices.Collect(maps.Values(g.shared))
}

// live describes the policy of a key.
func (o owned) live(e *entry) Live {
	return Live{
		Policy: o.Policy, Kind: o.rule.Policies[o.i].Kind, Side: e.side, Target: e.target, Name: e.method,
		Scope: PerMethod, Match: o.rule.Match, Shadow: o.rule.Shadow,
	}
}

// liveAs begins the description of a shared policy.
func liveAs(key Key, side policy.Side) Live {
	return Live{Side: side, Target: key.Target, Name: key.Name}
}
