package rules

import (
	"iter"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// group is the rules of one pattern.
type group struct {
	pattern pattern
	all     []*rule
	// anywhere are the rules for any target, by their side, and targeted the others.
	anywhere [policy.Local + 1]*rule
	targeted map[spot]*rule
	// named are those of targeted that are for one connection, by its target.
	named map[string][]*rule
	// most is how many policies a call on each side has from one of the rules at most.
	most [policy.Local + 1]int
}

// spot identifies a rule within a group.
type spot struct {
	target string // empty: any
	side   policy.Side
}

// take files r, unless there is a rule at the spot.
func (g *group) take(at spot, r *rule) bool {
	switch {
	case at.target == "":
		if g.anywhere[at.side] != nil {
			return false
		}
		g.anywhere[at.side] = r
	case g.targeted[at] != nil:
		return false
	default:
		if g.targeted == nil {
			g.targeted = map[spot]*rule{}
		}
		g.targeted[at] = r
		if target, connection := policy.SplitTarget(at.target); connection != "" {
			if g.named == nil {
				g.named = map[string][]*rule{}
			}
			g.named[target] = append(g.named[target], r)
		}
	}
	return true
}

// find returns the rule of a call that matches the pattern, nil if there is
// none. A nil group has none.
func (g *group) find(call *policy.Call) *rule {
	if g == nil || call.Side > policy.Local {
		return nil
	}
	if call.Target != "" {
		if r := g.targeted[spot{call.Target, call.Side}]; r != nil {
			return r
		}
		if target, connection := policy.SplitTarget(call.Target); connection != "" {
			if r := g.targeted[spot{target, call.Side}]; r != nil {
				return r
			}
		}
	}
	return g.anywhere[call.Side]
}

// meeting yields the rules of the group that can apply to a call together with r, whose
// pattern and that of the group have calls in common. Some may come twice.
func (g *group) meeting(r *rule) iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		if r.Target == "" {
			for _, o := range g.all {
				if !yield(o) {
					return
				}
			}
			return
		}
		target, _ := policy.SplitTarget(r.Target)
		for side := range policy.Local + 1 {
			for _, o := range []*rule{g.targeted[spot{r.Target, side}], g.targeted[spot{target, side}], g.anywhere[side]} {
				if o != nil && !yield(o) {
					return
				}
			}
		}
		for _, o := range g.named[r.Target] {
			if !yield(o) {
				return
			}
		}
	}
}
