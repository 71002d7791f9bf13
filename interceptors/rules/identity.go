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

// pinned reports whether the policy is kept as long as the rules, even if no key
// uses it: there are few such policies.
func (id identity) pinned() bool {
	return id.given != nil || id.overflow || id.scope == PerCompartment
}

// isOwn reports whether the policy is of one key alone.
func (id identity) isOwn() bool { return id.scope == PerMethod && !id.overflow && id.given == nil }

// compartment names a policy that rules share.
type compartment struct {
	kind, name string
	shadow     bool
}
