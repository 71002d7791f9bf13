package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rule says which methods get which policies.
type Rule struct {
	// Match is "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" (a package and
	// those below it) or "*". The closest rule alone applies to a call.
	Match string
	// Policies are the templates of the rule, in any order, at most
	// [MaxPolicies]. None: the methods are left unguarded.
	Policies []Template
}

// rule is a Rule that was checked, with the chain for calls past the key limit.
type rule struct {
	Rule
	pattern  pattern
	overflow [Local + 1]*Chain
}

// ruleset finds the rule of a method.
type ruleset struct {
	exact    map[string]*rule
	services map[string]*rule
	packages []*rule // the longest prefix first
	any      *rule
}

// unguarded are left alone unless a rule names them more closely than "*":
// a breaker that refuses health checks turns a blip into an outage.
var unguarded = [...]string{ //nolint:gochecknoglobals // a constant list
	"/grpc.health.v1.Health/",
	"/grpc.reflection.",
	"/grpc.channelz.",
}

// add files r by its pattern. Two rules with one pattern are a fault.
func (s *ruleset) add(r *rule) error {
	var err error
	if r.pattern, err = parsePattern(r.Match); err != nil {
		return err
	}
	taken := false
	switch r.pattern.kind {
	case exactPattern:
		_, taken = s.exact[r.pattern.text]
		s.exact[r.pattern.text] = r
	case servicePattern:
		_, taken = s.services[r.pattern.text]
		s.services[r.pattern.text] = r
	case packagePattern:
		taken = slices.ContainsFunc(s.packages, func(o *rule) bool { return o.pattern == r.pattern })
		s.packages = append(s.packages, r)
	case anyPattern:
		taken = s.any != nil
		s.any = r
	}
	if taken {
		return fmt.Errorf("policy: match = %q stands in two rules; must be in one", r.Match)
	}
	return nil
}

// sort puts longer package prefixes first.
func (s *ruleset) sort() {
	slices.SortStableFunc(s.packages, func(a, b *rule) int {
		return cmp.Compare(len(b.pattern.text), len(a.pattern.text))
	})
}

// find returns the closest rule of a method, nil if there is none.
func (s *ruleset) find(method string) *rule {
	if r := s.exact[method]; r != nil {
		return r
	}
	if r := s.services[serviceOf(method)]; r != nil {
		return r
	}
	for _, r := range s.packages {
		if strings.HasPrefix(method, r.pattern.text) {
			return r
		}
	}
	for _, prefix := range unguarded {
		if strings.HasPrefix(method, prefix) {
			return nil
		}
	}
	return s.any
}

// newRule checks the templates of r. It makes every policy once, for the
// overflow chains, so that bad configuration is found now and all at once.
func newRule(r Rule, observer Observer, opts ...ChainOption) (*rule, error) {
	checked := &rule{Rule: r}
	var err error
	var faults []error
	trial := make([]Policy, len(r.Policies))
	for i, t := range r.Policies {
		if trial[i], err = t.trial(i, observer); err != nil {
			faults = append(faults, fmt.Errorf("rule %q: %w", r.Match, err))
		}
	}
	if n := r.most(); n > MaxPolicies {
		faults = append(faults, fmt.Errorf("rule %q: %w", r.Match, tooMany(n)))
	}
	if len(faults) > 0 {
		return checked, errors.Join(faults...)
	}
	for side := range checked.overflow {
		checked.overflow[side], err = checked.chain(Side(side), func(i int) (Policy, error) {
			if layerOf(trial[i]) == LayerBreaker {
				return nil, nil
			}
			return trial[i], nil
		}, opts...)
		if err != nil {
			return checked, fmt.Errorf("rule %q: %w", r.Match, err)
		}
	}
	return checked, nil
}

// most is how many policies a call has, seen from where it has the most.
func (r Rule) most() int {
	var n [Local + 1]int
	for _, t := range r.Policies {
		for side := range n {
			if t.applies(Side(side)) {
				n[side]++
			}
		}
	}
	return slices.Max(n[:])
}

// chain makes the chain of the templates that apply on side. A nil policy of
// get is left out.
func (r *rule) chain(side Side, get func(i int) (Policy, error), opts ...ChainOption) (*Chain, error) {
	var policies []Policy
	for i, t := range r.Policies {
		if !t.applies(side) {
			continue
		}
		p, err := get(i)
		if err != nil {
			return nil, err
		}
		if p != nil {
			policies = append(policies, p)
		}
	}
	return NewChain(policies, opts...)
}
