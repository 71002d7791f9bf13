package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// index finds the closest of its rules. The zero index has none.
type index struct {
	// groups are found by the text of their pattern. The texts of different kinds
	// of patterns never coincide.
	groups map[string]*group
	// packages are the groups of package prefixes, the longest first.
	packages []*group
}

// group is the rules of one pattern.
type group struct {
	pattern pattern
	rules   map[spot]*rule
}

// spot identifies a rule within a group.
type spot struct {
	target string // empty: any
	side   policy.Side
}

// add files r. Two rules for the same calls are a fault.
func (x *index) add(r *rule) error {
	g := x.group(r.pattern)
	for _, side := range r.sides() {
		at := spot{r.Target, side}
		if g.rules[at] != nil {
			return repeated(r.Rule, side)
		}
		g.rules[at] = r
	}
	return nil
}

// repeated returns the fault of two rules for the same calls.
func repeated(r Rule, side policy.Side) error {
	what := fmt.Sprintf("match = %q", r.Match)
	if r.Target != "" {
		what += fmt.Sprintf(", target = %q", r.Target)
	}
	if len(r.Sides) > 0 {
		what += fmt.Sprintf(", side = %v", side)
	}
	if r.Shadow {
		what += ", shadow"
	}
	return fmt.Errorf("rules: %s stands in two rules; must be in one", what)
}

// group returns the group of a pattern, made if need be.
func (x *index) group(p pattern) *group {
	if g := x.groups[p.text]; g != nil {
		return g
	}
	g := &group{p, map[spot]*rule{}}
	if x.groups == nil {
		x.groups = map[string]*group{}
	}
	x.groups[p.text] = g
	if p.kind == packagePattern {
		x.packages = append(x.packages, g)
	}
	return g
}

// sort puts longer package prefixes first.
func (x *index) sort() {
	slices.SortFunc(x.packages, func(a, b *group) int {
		return cmp.Compare(len(b.pattern.text), len(a.pattern.text))
	})
}

// find returns the closest rule of a call, nil if there is none.
func (x *index) find(call *policy.Call) *rule {
	if len(x.groups) == 0 {
		return nil
	}
	if r := x.groups[call.Method].find(call); r != nil {
		return r
	}
	if r := x.groups[serviceOf(call.Method)].find(call); r != nil {
		return r
	}
	for _, g := range x.packages {
		if !strings.HasPrefix(call.Method, g.pattern.text) {
			continue
		}
		if r := g.find(call); r != nil {
			return r
		}
	}
	for _, prefix := range unguarded {
		if strings.HasPrefix(call.Method, prefix) {
			return nil
		}
	}
	return x.groups[anyText].find(call)
}

// unguarded are left alone unless a pattern closer than "*" matches them: a
// breaker that refuses health checks turns a blip into an outage.
var unguarded = [...]string{ //nolint:gochecknoglobals // a constant list
	"/grpc.health.v1.Health/",
	"/grpc.reflection.",
	"/grpc.channelz.",
}

// find returns the rule of a call that matches the pattern, nil if there is
// none. A nil group has none.
func (g *group) find(call *policy.Call) *rule {
	if g == nil {
		return nil
	}
	if call.Target != "" {
		if r := g.rules[spot{call.Target, call.Side}]; r != nil {
			return r
		}
	}
	return g.rules[spot{side: call.Side}]
}
