package rules

import (
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/names"
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

// InForce is a rule of [Rules] that is in force.
type InForce struct {
	Rule

	met *atomic.Bool
}

// Met reports whether some call has found the rule since it came into force, or had its
// policies before that. It goes on to tell of this rule when others have replaced it.
func (f InForce) Met() bool { return f.met != nil && f.met.Load() }

// liveAs begins the description of a shared policy.
func liveAs(key Key, side policy.Side) Live {
	return Live{Side: side, Target: key.Target, Name: key.Name}
}

// owned is a policy of one entry: by the i-th template of its rule.
type owned struct {
	policy.Policy

	rule *rule
	i    int
}

// identity returns that of the policy, which is of e.
func (o owned) identity(e *entry) identity { return o.rule.identity(o.i, e.text()) }

// live describes the policy of a key.
func (o owned) live(e *entry) Live {
	return Live{
		Policy: o.Policy, Kind: o.rule.Policies[o.i].Kind, Side: e.side, Target: names.Shown(e.target), Name: names.Shown(e.method),
		Scope: PerMethod, Match: o.rule.Match, Shadow: o.rule.Shadow,
	}
}

// shared is a policy that several entries use.
type shared struct {
	id   identity
	live Live
}

// busy reports whether something would be lost if p were dropped.
func busy(p policy.Policy) bool {
	i, ok := p.(policy.Idler)
	return !ok || !i.Idle()
}
