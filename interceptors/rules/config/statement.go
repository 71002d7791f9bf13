package config

import (
	"fmt"
	"slices"

	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// statement is a rule as a source states it.
type statement struct {
	rules.Rule

	origin
	// path is where it stands there.
	path string
	// warnings are what is hardly meant of it.
	warnings []string
}

// statementsOf returns the statements of rules of code.
func statementsOf(list []rules.Rule) []statement {
	all := make([]statement, len(list))
	for i, r := range list {
		all[i] = statement{Rule: r, origin: origin{source: Code, name: Code.String()}, path: strictyaml.Index("rules", i)}
		if list, err := condition.New(condition.Calls{Match: r.Match, Sides: r.Sides}, r.Conditions); err == nil {
			all[i].warn(list)
		}
	}
	return all
}

// rulesOf returns the rules of the statements.
func rulesOf(statements []statement) []rules.Rule {
	list := make([]rules.Rule, len(statements))
	for i, s := range statements {
		list[i] = s.Rule
	}
	return list
}

// String names the statement, for readers of the source.
func (s statement) String() string {
	if s.document == nil {
		return s.path
	}
	at, _ := s.document.At(s.path)
	return fmt.Sprintf("%s in line %d", s.path, at.Line)
}

// warn notes what is hardly meant of the conditions of the statement.
func (s *statement) warn(of *condition.List) {
	for _, w := range of.Warnings() {
		s.warnings = append(s.warnings, findingAt(s.origin, conditionPath(s.path, w), w.Problem).withValue(w.Value).Error())
	}
}

// sides returns those that s is for: a target has clients only.
func (s statement) sides() []policy.Side {
	switch {
	case len(s.Sides) > 0:
		return s.Sides
	case s.Target != "":
		return []policy.Side{policy.Client}
	default:
		return []policy.Side{policy.Client, policy.Server, policy.Local}
	}
}

// sidesOf returns those of a message, and false if there is no such side.
func sidesOf(m policyv1.Side) (sides []policy.Side, known bool) {
	if m == policyv1.Side_SIDE_UNSPECIFIED {
		return nil, true
	}
	side := policy.Side(m - 1) //nolint:gosec // what is none is found out below
	return []policy.Side{side}, 0 < m && side <= policy.Local
}

// problemOf says why no call has the target, empty if one can have it.
func problemOf(target string) string {
	if len(target) > rules.MaxTargetBytes {
		return fmt.Sprintf("must be of at most %d bytes", rules.MaxTargetBytes)
	}
	if err := names.Check(target); err != nil {
		return fmt.Sprintf("%v; must be %s", err, names.Allowed)
	}
	return ""
}

// problemOfClass says why no rule has the class of r, empty if r can have it.
func problemOfClass(r *policyv1.Rule) string {
	if _, ok := policyv1.Criticality_name[int32(r.GetCriticality())]; !ok {
		return "must be low, medium, high or critical"
	}
	if r.GetShadow() && r.GetCriticality() != policyv1.Criticality_CRITICALITY_UNSPECIFIED {
		return "must be left out in a shadow rule"
	}
	return ""
}

// parts returns the statement as up to two: of the policies of calls, and of how much
// they matter.
func (s statement) parts() []statement {
	if s.Criticality == criticality.Unset || s.Classifies() {
		return []statement{s}
	}
	class := s
	class.Policies, class.Conditions, s.Criticality = nil, nil, criticality.Unset
	return []statement{s, class}
}

// spot is what at most one rule is for.
type spot struct {
	match, target string
	side          policy.Side
	shadow        bool
	// class: the spot is of what calls matter, and not of their policies.
	class bool
}

// claim is the i-th statement of a layer, which has a spot.
type claim struct {
	layer, i int
	by       statement
}

// merge combines the layers. A statement takes the spots of its sides from all
// earlier layers; one that is left without any is not in force. Two statements of
// one layer for one spot are a fault. Policies and criticality have spots of their own:
// a statement may lose one and keep the other.
func merge(layers ...[]statement) (all []statement, faults []*finding) {
	taken := map[spot]claim{}
	for n, layer := range slices.Backward(layers) {
		var left []statement
		for i, s := range layer {
			var kept []statement
			for _, part := range s.parts() {
				sides, f := claim{n, i, part}.take(taken)
				if f != nil {
					faults = append(faults, f)
				}
				if 0 < len(sides) && len(sides) < len(part.sides()) {
					part.Rule = part.Narrow(sides...)
				}
				if len(sides) > 0 {
					kept = append(kept, part)
				}
			}
			if len(kept) == 2 && slices.Equal(kept[0].Sides, kept[1].Sides) {
				kept[0].Criticality = kept[1].Criticality
				kept = kept[:1]
			}
			left = append(left, kept...)
		}
		all = append(left, all...)
	}
	return all, faults
}

// take takes the spots of the statement that are free, and returns their sides.
func (c claim) take(taken map[spot]claim) (sides []policy.Side, f *finding) {
	s := c.by
	for _, side := range s.sides() {
		at := spot{s.Match, s.Target, side, s.Shadow, s.Criticality != criticality.Unset}
		first, ok := taken[at]
		switch {
		case !ok:
			taken[at] = c
			sides = append(sides, side)
		case first.layer == c.layer && first.i != c.i:
			f = findingAt(s.origin, s.path, fmt.Sprintf("is for the same calls as %s; there must be one rule", first.by))
		}
	}
	return sides, f
}
