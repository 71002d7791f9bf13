package rules

import (
	"errors"
	"fmt"
	"slices"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Rule says which calls get which policies.
type Rule struct {
	// Match is "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" (a package and
	// those below it) or "*". Only the closest rule applies to a call. "*" does
	// not match gRPC's health, reflection and channelz services, which stay
	// unguarded unless a closer pattern matches.
	Match string
	// Target restricts the rule to clients of that target, as given to
	// grpc.NewClient. Of two rules with the same Match, the one with the call's
	// target is closer. Empty: all targets, and servers.
	Target string
	// Sides restricts the rule to calls on these sides. Empty: all sides.
	Sides []policy.Side
	// Shadow is for policies that only watch: a call has the policies of its closest
	// rule and also those of its closest shadow rule. Templates learn of it from
	// [Key.Shadow]; a policy given with [Use] must be one that only watches. Shadow
	// rules do not apply to calls past the key limit.
	Shadow bool
	// Policies are the templates of the rule, in any order. A call has at most
	// [MaxPolicies], those of a shadow rule included. None: the calls are left
	// unguarded.
	Policies []Template
}

// rule is a Rule that was checked. It is immutable.
type rule struct {
	Rule

	pattern pattern
	// trial are the policies that were made to check the templates. They stand in
	// for policies of the overflow that cannot be made later.
	trial []policy.Policy
}

// newRule checks r and reports all its faults. It makes every policy once, so
// that bad configuration is found now.
func newRule(r Rule, observer policy.Observer) (*rule, error) {
	r.Policies, r.Sides = slices.Clone(r.Policies), slices.Clone(r.Sides)
	checked := &rule{Rule: r, trial: make([]policy.Policy, len(r.Policies))}
	var err error
	checked.pattern, err = parsePattern(r.Match)
	faults := []error{err}
	fault := func(err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("rule %q: %w", r.Match, err))
		}
	}
	fault(r.checkSides())
	for i, t := range r.Policies {
		p, err := t.trial(i, r.Shadow, observer)
		checked.trial[i] = p
		fault(err)
	}
	if n := most(checked); n > policy.MaxPolicies {
		fault(tooMany(n))
	}
	fault(r.checkRepeats())
	return checked, errors.Join(faults...)
}

func (r Rule) checkSides() error {
	var faults []error
	for _, s := range r.Sides {
		if s > policy.Local {
			faults = append(faults, fmt.Errorf("side of the rule = %d; must be Client, Server or Local", s))
		}
	}
	if r.Target != "" && !r.applies(policy.Client) {
		faults = append(faults, fmt.Errorf("target = %q; must be empty in a rule that is not for clients", r.Target))
	}
	return errors.Join(faults...)
}

// applies reports whether r is for calls seen on side.
func (r Rule) applies(side policy.Side) bool {
	return len(r.Sides) == 0 || slices.Contains(r.Sides, side)
}

// sides are those on which r can meet calls: with a target, the client side
// only.
func (r Rule) sides() []policy.Side {
	var all []policy.Side
	for s := range policy.Local + 1 {
		if r.applies(s) && (r.Target == "" || s == policy.Client) {
			all = append(all, s)
		}
	}
	return all
}

// count is how many policies of r a call on side has.
func (r Rule) count(side policy.Side) int {
	if !r.applies(side) {
		return 0
	}
	n := 0
	for _, t := range r.Policies {
		if t.applies(side) {
			n++
		}
	}
	return n
}

// tooMany returns the fault of a call with n policies.
func tooMany(n int) error {
	return fmt.Errorf("chain has %d policies; must be at most %d", n, policy.MaxPolicies)
}
