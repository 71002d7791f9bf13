package rules

import (
	"errors"
	"fmt"
	"slices"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// ruleset finds the rules of a call. It is not changed once it is in use.
type ruleset struct {
	enforced, shadow index
	// compartments has those that name each.
	compartments map[compartment][]member
}

// found are the rules that apply to a call. Either may be nil.
type found struct{ enforced, shadow *rule }

// guards reports whether the rules have any policy for the call.
func (f found) guards() bool {
	return f.enforced != nil && len(f.enforced.Policies) > 0 || f.shadow != nil && len(f.shadow.Policies) > 0
}

// all are the rules that there are.
func (f found) all() []*rule {
	return slices.DeleteFunc([]*rule{f.enforced, f.shadow}, func(r *rule) bool { return r == nil })
}

// find returns the rules of a call.
func (s *ruleset) find(call *policy.Call) found {
	return found{s.enforced.find(call), s.shadow.find(call)}
}

// layer is where rules like r are found.
func (s *ruleset) layer(r Rule) *index {
	if r.Shadow {
		return &s.shadow
	}
	return &s.enforced
}

// newRuleset checks the rules and reports all faults at once.
func newRuleset(rules []Rule, observer policy.Observer) (*ruleset, error) {
	s := &ruleset{compartments: map[compartment][]member{}}
	var faults []error
	var enforced, shadows []*rule
	for _, given := range rules {
		r, err := newRule(given, observer)
		faults = append(faults, err)
		if r.pattern == (pattern{}) {
			continue // there is a fault already
		}
		faults = append(faults, s.layer(given).add(r), s.share(r))
		if r.Shadow {
			shadows = append(shadows, r)
		} else {
			enforced = append(enforced, r)
		}
	}
	faults = append(faults, checkSums(enforced, shadows))
	s.enforced.sort()
	s.shadow.sort()
	return s, errors.Join(faults...)
}

// checkSums requires that no call has too many policies from a rule and a shadow
// rule together.
func checkSums(enforced, shadows []*rule) error {
	if largest(enforced)+largest(shadows) <= policy.MaxPolicies {
		return nil
	}
	var faults []error
	for _, shadow := range shadows {
		for _, r := range enforced {
			if n := most(r, shadow); r.meets(shadow) && n > policy.MaxPolicies && max(most(r), most(shadow)) <= policy.MaxPolicies {
				faults = append(faults, fmt.Errorf("rule %q, with shadow rule %q: %w", r.Match, shadow.Match, tooMany(n)))
			}
		}
	}
	return errors.Join(faults...)
}

// largest is the most policies that a call can have from one of the rules.
func largest(rules []*rule) int {
	n := 0
	for _, r := range rules {
		n = max(n, most(r))
	}
	return n
}

// most is how many policies a call has from the rules, on the side where it has
// the most.
func most(rules ...*rule) int {
	var n [policy.Local + 1]int
	for _, r := range rules {
		for side := range n {
			n[side] += r.count(policy.Side(side))
		}
	}
	return slices.Max(n[:])
}

// meets reports whether both rules can apply to one call.
func (r *rule) meets(o *rule) bool {
	return (r.pattern.covers(o.pattern) || o.pattern.covers(r.pattern)) &&
		(r.Target == o.Target || r.Target == "" || o.Target == "")
}
