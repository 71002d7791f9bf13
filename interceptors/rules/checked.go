package rules

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// rule is a Rule that was checked. It is immutable.
type rule struct {
	Rule

	// at is which of the rules it is, name what errors call it.
	at      int
	name    string
	pattern pattern
	// conditions are those that were checked.
	conditions *condition.List
	// trial are the policies that were made to check the templates. They stand in
	// for policies of the overflow that cannot be made later.
	trial []policy.Policy
	// met: some call has found the rule.
	met atomic.Bool
}

// newRule checks r and reports all its faults. It makes every policy once, so
// that bad configuration is found now.
func newRule(at int, r Rule, observer policy.Observer) (*rule, error) {
	r = r.Clone()
	checked := &rule{Rule: r, at: at, name: r.name(), trial: make([]policy.Policy, len(r.Policies))}
	var err error
	var faults []error
	if checked.pattern, err = parsePattern(r.Match); err != nil {
		faults = append(faults, fmt.Errorf("rules: match = %q; %w", excerpt.Within(r.Match, shownBytes), err))
	}
	fault := func(err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("rule %q: %w", r.Match, err))
		}
	}
	fault(r.checkTarget())
	fault(r.checkSides())
	fault(r.checkCriticality())
	if checked.conditions, err = r.checkConditions(); err != nil {
		fault(err)
	}
	for i := range r.Policies {
		t := &r.Policies[i]
		p, err := t.trial(i, Key{Rule: checked.name, Shadow: r.Shadow, Observer: observer})
		checked.trial[i] = p
		if fault(err); err == nil {
			checked.Policies[i] = r.settled(*t, p)
		}
	}
	if n := most(checked); n > policy.MaxPolicies {
		fault(tooMany(n))
	}
	fault(r.checkRepeats())
	return checked, errors.Join(faults...)
}

// meet notes that a call has found the rule. A nil rule is none.
func (r *rule) meet() {
	if r != nil && !r.met.Load() {
		r.met.Store(true)
	}
}

// guards reports whether there is anything that the calls of the rule get.
func (r *rule) guards() bool { return r != nil && (len(r.Policies) > 0 || r.conditions.Len() > 0) }

// identity returns that of the i-th policy of the rule for a call.
func (r *rule) identity(i int, at callText) identity {
	t := &r.Policies[i]
	if t.given != nil {
		return identity{given: t.given}
	}
	key := t.keyOf(at)
	id := identity{
		kind: t.Kind, scope: t.Scope, side: at.side, target: key.Target, name: key.Name, shadow: r.Shadow,
	}
	switch t.Scope {
	case PerCompartment:
	case PerMethod:
		id.nth = r.nth(i, at.side)
	case PerService, PerTarget:
		id.match, id.nth = r.Match, r.nth(i, at.side)
	}
	return id
}

// nameFor returns what the policies of the i-th template are told of the rule: nothing in
// a compartment, which other rules share.
func (r *rule) nameFor(i int) string {
	if r.Policies[i].Scope == PerCompartment {
		return ""
	}
	return r.name
}

// overflowIdentity returns that of the i-th policy of the rule for calls past the
// key limit. Compartments and policies by Use are the same for them as for
// other calls.
func (r *rule) overflowIdentity(i int, side policy.Side) identity {
	id := r.identity(i, callText{target: r.Target, side: side})
	if id.given != nil || id.scope == PerCompartment {
		return id
	}
	id.name, id.match, id.overflow = overflowName, r.Match, true
	return id
}

// nth counts the templates before the i-th that are like it for side.
func (r *rule) nth(i int, side policy.Side) int {
	n := 0
	for j := range i {
		if t := &r.Policies[j]; t.given == nil && t.Kind == r.Policies[i].Kind && t.Scope == r.Policies[i].Scope && t.applies(side) {
			n++
		}
	}
	return n
}

// most returns how many policies a call has from the rules, on the side where it
// has the most.
func most(rules ...*rule) int {
	var n [policy.Local + 1]int
	for _, r := range rules {
		for side := range n {
			n[side] += r.count(policy.Side(side))
		}
	}
	return slices.Max(n[:])
}

// tooMany returns the fault of a call with n policies.
func tooMany(n int) error {
	return fmt.Errorf("chain has %d policies; must be at most %d", n, policy.MaxPolicies)
}
