package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// RuleInForce is a rule in force and its origin.
type RuleInForce struct {
	rules.Rule

	Source Source
	// Place is the rule's place in the source: "rules.yaml:12:5" in a file,
	// "shop/v1/shop.proto: shop.v1.Shop.Get" for the options of a method.
	Place string
	// Met: some call has found the rule since it came into force. A rule that has been in
	// force for a while and that none has met may be for a target that nobody dials, or for a
	// side that the program has no calls on.
	Met bool
	// Unknown says why no call is likely to, if no .proto file that is linked, or was given
	// by [WithDescriptors], has what the rule matches. Empty: one has, or the rule is for all.
	Unknown string
	// Warnings are what is hardly meant of the rule, with the place, such as a condition
	// that is never reached.
	Warnings []string
}

// messages returns the rule as messages: one, or one for each side where it is not
// the same on all.
func (r RuleInForce) messages(all kinds) []*policyv1.RuleInForce {
	varies := slices.ContainsFunc(r.Policies, func(t rules.Template) bool { return len(t.Sides) > 0 })
	if len(r.Sides) == 0 && !varies {
		return []*policyv1.RuleInForce{r.messageOn(policy.Client, policyv1.Side_SIDE_UNSPECIFIED, all)}
	}
	var told []*policyv1.RuleInForce
	for _, side := range (statement{Rule: r.Rule}).sides() {
		told = append(told, r.messageOn(side, sideMessage(side), all))
	}
	return told
}

// messageOn returns the rule as it is on a side.
func (r RuleInForce) messageOn(side policy.Side, told policyv1.Side, all kinds) *policyv1.RuleInForce {
	m := &policyv1.Rule{Match: r.Match, Target: r.Target, Side: told, Shadow: r.Shadow, Criticality: policyv1.Criticality(r.Criticality)}
	for i := range r.Conditions {
		m.Conditions = append(m.Conditions, conditionMessage(&r.Conditions[i]))
	}
	in := &policyv1.RuleInForce{
		Rule: m, Source: r.Source.message(), Place: r.Place, Met: r.Met, Unknown: r.Unknown, Warnings: r.Warnings,
	}
	for _, t := range r.Policies {
		if len(t.Sides) > 0 && !slices.Contains(t.Sides, side) {
			continue
		}
		if !all.express(t, m) {
			in.OtherPolicies = append(in.OtherPolicies, cmp.Or(t.Kind, "unnamed"))
		}
	}
	return in
}

// fill adds the compartments that the rule names.
func (r RuleInForce) fill(all map[string]*policyv1.Compartment, kinds kinds) {
	for _, t := range r.Policies {
		if t.Compartment == "" {
			continue
		}
		c := all[t.Compartment]
		if c == nil {
			c = new(policyv1.Compartment)
			all[t.Compartment] = c
		}
		kinds.share(t, c)
	}
}

// byCloseness puts closer rules first.
func byCloseness(a, b RuleInForce) int {
	return cmp.Or(
		cmp.Compare(width(a.Match), width(b.Match)),
		cmp.Compare(prefix(b.Match), prefix(a.Match)), // the longer package is closer
		cmp.Compare(a.Match, b.Match),
		-cmp.Compare(a.Target, b.Target), // any target is last
		cmp.Compare(boolToInt(a.Shadow), boolToInt(b.Shadow)),
	)
}

// width returns how wide a pattern is.
func width(match string) int {
	switch {
	case match == "*":
		return 3
	case strings.HasSuffix(match, ".*"):
		return 2
	case strings.HasSuffix(match, "/*"):
		return 1
	default:
		return 0
	}
}

// prefix returns how long the name of a package is.
func prefix(match string) int {
	if width(match) != 2 {
		return 0
	}
	return len(match)
}
