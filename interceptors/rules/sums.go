package rules

import (
	"errors"
	"fmt"
	"sort"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// maxSums is how many faults of [checkSums] are told.
const maxSums = 100

// sums are the pairs of a rule and a shadow rule that have too many policies together.
type sums map[sum]bool

// sum is one such pair.
type sum struct{ enforced, shadow *rule }

// checkSums requires that no call has too many policies from a rule and a shadow
// rule together.
func checkSums(enforced, shadows *index) error {
	if len(shadows.groups) == 0 {
		return nil
	}
	all := sums{}
	for r := range enforced.all() {
		all.find(r, shadows, func(shadow *rule) sum { return sum{r, shadow} })
	}
	for shadow := range shadows.all() {
		all.find(shadow, enforced, func(r *rule) sum { return sum{r, shadow} })
	}
	return all.fault()
}

// find adds the pairs of r and the rules of x that are as wide as r or wider.
func (all sums) find(r *rule, x *index, pair func(*rule) sum) {
	for g := range x.covering(r.pattern.text) {
		all.findIn(g, r, pair)
	}
	if g := x.groups[anyText]; g != nil {
		all.findIn(g, r, pair)
	}
}

// findIn adds the pairs of r and the rules of g. It does not look at each of them if none
// has so many policies.
func (all sums) findIn(g *group, r *rule, pair func(*rule) sum) {
	possible := false
	for side, n := range g.most {
		possible = possible || n+r.count(policy.Side(side)) > policy.MaxPolicies
	}
	if !possible {
		return
	}
	for o := range g.meeting(r) {
		if len(all) > maxSums {
			return
		}
		if most(r, o) > policy.MaxPolicies && max(most(r), most(o)) <= policy.MaxPolicies {
			all[pair(o)] = true
		}
	}
}

// fault returns what is wrong with the pairs, nil if there are none.
func (all sums) fault() error {
	ordered := make(inOrder, 0, len(all))
	for s := range all {
		ordered = append(ordered, s)
	}
	sort.Sort(ordered)
	var faults []error
	for i, s := range ordered {
		if i == maxSums {
			faults = append(faults, errors.New("rules: and more that have too many policies together"))
			break
		}
		faults = append(faults, fmt.Errorf("rule %q, with shadow rule %q: %w", s.enforced.Match, s.shadow.Match, tooMany(most(s.enforced, s.shadow))))
	}
	return errors.Join(faults...)
}

// inOrder sorts pairs by where their rules stand. A generic sort makes every program ten
// kilobytes larger.
type inOrder []sum

func (o inOrder) Len() int      { return len(o) }
func (o inOrder) Swap(i, j int) { o[i], o[j] = o[j], o[i] }

func (o inOrder) Less(i, j int) bool {
	if o[i].shadow.at != o[j].shadow.at {
		return o[i].shadow.at < o[j].shadow.at
	}
	return o[i].enforced.at < o[j].enforced.at
}
