package rules

import (
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// index finds the closest of its rules. The zero index has none.
type index struct {
	// groups are found by the text of their pattern. The texts of different kinds
	// of patterns never coincide.
	groups map[string]*group
	// lengths are those of the package prefixes, the longest first, each once: a method
	// is only looked up by its own prefixes, however many rules there are.
	lengths []int
}

// add files r. Two rules for the same calls are a fault.
func (x *index) add(r *rule) error {
	g := x.group(r.pattern)
	for side := range policy.Local + 1 {
		if r.canMeet(side) && !g.take(spot{r.Target, side}, r) {
			return repeated(r.Rule, side)
		}
	}
	g.all = append(g.all, r)
	for side := range g.most {
		g.most[side] = max(g.most[side], r.count(policy.Side(side)))
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
	g := &group{pattern: p}
	if x.groups == nil {
		x.groups = map[string]*group{}
	}
	x.groups[p.text] = g
	if n := len(p.text); p.kind == packagePattern && !slices.Contains(x.lengths, n) {
		x.lengths = append(x.lengths, n)
	}
	return g
}

// all yields the rules, each once.
func (x *index) all() iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		for _, g := range x.groups {
			for _, r := range g.all {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// sort puts longer package prefixes first.
func (x *index) sort() {
	sort.Sort(sort.Reverse(sort.IntSlice(x.lengths))) // a generic one makes every program larger
}

// find returns the closest rule of a call, nil if there is none.
func (x *index) find(call *policy.Call) *rule {
	if len(x.groups) == 0 {
		return nil
	}
	for g := range x.covering(call.Method) {
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

// covering yields the groups whose pattern is a text or matches it, the closest first,
// except that of "*". The text is a method, or that of a pattern.
func (x *index) covering(text string) iter.Seq[*group] {
	return func(yield func(*group) bool) {
		if g := x.groups[text]; g != nil && g.pattern.kind != anyPattern && !yield(g) {
			return
		}
		if service := serviceOf(text); len(service) < len(text) {
			if g := x.groups[service]; g != nil && !yield(g) {
				return
			}
		}
		for _, n := range x.lengths {
			if n >= len(text) || text[n-1] != '.' {
				continue
			}
			if g := x.groups[text[:n]]; g != nil && !yield(g) {
				return
			}
		}
	}
}

// unguarded are left alone unless a pattern closer than "*" matches them: a
// breaker that refuses health checks turns a blip into an outage.
var unguarded = [...]string{ //nolint:gochecknoglobals // a constant list
	"/grpc.health.v1.Health/",
	"/grpc.reflection.",
	"/grpc.channelz.",
	"/afloat.admin.", // what changes the guard must not be refused by it
}
