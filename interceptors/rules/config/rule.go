package config

import (
	"fmt"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// The bounds of rules.
const (
	maxRules        = 10_000
	maxCompartments = 1000
)

// statement is a rule as a source states it.
type statement struct {
	rules.Rule

	origin
	// path is where it stands there.
	path string
}

// Compile makes rules of messages, for [Set.Apply] or rules.New. It reports
// all faults at once.
func Compile(rules *policyv1.Rules) ([]rules.Rule, error) {
	c := compiler{origin: origin{source: Code}, compartments: rules.GetCompartments()}
	merged, twice := merge(c.rules(rules))
	if err := join(append(c.findings, twice...)); err != nil {
		return nil, err
	}
	return rulesOf(merged), nil
}

// rules compiles all rules.
func (c *compiler) rules(m *policyv1.Rules) []statement {
	if n := len(m.GetCompartments()); n > maxCompartments {
		c.remark("compartments", fmt.Sprintf("are %d; must be at most %d", n, maxCompartments))
		return nil
	}
	if n := len(m.GetRules()); n > maxRules {
		c.remark("rules", fmt.Sprintf("are %d; must be at most %d", n, maxRules))
		return nil
	}
	c.checkCompartments()
	var all []statement
	for i, r := range m.GetRules() {
		path := strictyaml.Index("rules", i)
		s := c.rule(path, r.GetMatch(), r)
		if err := rules.CheckMatch(r.GetMatch()); err != nil {
			c.wrong(r, path, "match", err.Error())
			continue
		}
		all = append(all, s)
	}
	return all
}

// rule compiles the rule at the path.
func (c *compiler) rule(path, match string, r *policyv1.Rule) statement {
	s := statement{origin: c.origin, path: path, Rule: rules.Rule{
		Match: match, Target: r.GetTarget(), Shadow: r.GetShadow(), Policies: c.policies(path, r),
	}}
	switch r.GetSide() {
	case policyv1.Side_SIDE_UNSPECIFIED:
	case policyv1.Side_SIDE_CLIENT:
		s.Sides = []policy.Side{policy.Client}
	case policyv1.Side_SIDE_SERVER:
		s.Sides = []policy.Side{policy.Server}
	case policyv1.Side_SIDE_LOCAL:
		s.Sides = []policy.Side{policy.Local}
	default:
		c.wrong(r, path, "side", "must be client, server or local")
	}
	if s.Target != "" && s.Sides != nil && s.Sides[0] != policy.Client {
		c.wrong(r, path, "target", "must be left out: only clients have targets")
	}
	if r.GetShadow() {
		c.checkShadow(path, r)
	}
	return s
}

// checkShadow refuses policies that cannot only watch.
func (c *compiler) checkShadow(path string, r *policyv1.Rule) {
	if r.GetTimeout() != nil {
		c.remark(strictyaml.Field(path, "timeout"), "must be left out in a shadow rule: a timeout cannot only watch")
	}
	if r.GetFault() != nil {
		c.remark(strictyaml.Field(path, "fault"), "must be left out in a shadow rule: a fault cannot only watch")
	}
	b := r.GetBreaker()
	if name := b.GetCompartment(); name != "" {
		b = c.compartments[name].GetBreaker()
	}
	if m := modeOf(b.GetMode()); m == breaker.AlwaysOpen || m == breaker.AlwaysClosed {
		c.remark(strictyaml.Field(path, "breaker"), fmt.Sprintf("mode is %v; must be automatic in a shadow rule", m))
	}
}
