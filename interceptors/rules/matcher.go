package rules

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// matcher finds the rules of a call. It is not changed once it is in use.
type matcher struct {
	enforced, shadow index
	// classes are the rules that have a criticality. Those that have nothing else are
	// here alone.
	classes index
	// compartments has those that name each.
	compartments map[compartment][]member
}

// member is a template in a compartment: the i-th of its rule.
type member struct {
	*rule

	i int
}

// newMatcher checks the rules and reports all faults at once.
func newMatcher(rules []Rule, observer policy.Observer) (*matcher, error) {
	m := &matcher{compartments: map[compartment][]member{}}
	m.enforced.groups = make(map[string]*group, len(rules))
	var faults []error
	for i, given := range rules {
		r, err := newRule(i, given, observer)
		faults = append(faults, err)
		if r.pattern == (pattern{}) {
			continue // there is a fault already
		}
		faults = append(faults, m.file(r), m.share(r))
	}
	m.classes.sort()
	m.enforced.sort()
	m.shadow.sort()
	faults = append(faults, checkSums(&m.enforced, &m.shadow), m.checkGiven())
	return m, errors.Join(faults...)
}

// file files r where calls find it.
func (m *matcher) file(r *rule) error {
	if !r.Classifies() {
		if err := m.indexOf(r.Rule).add(r); err != nil {
			return err
		}
	}
	if r.Criticality == criticality.Unset {
		return nil
	}
	return m.classes.add(r)
}

// share notes the compartments of r. All templates that name a compartment must
// agree on what it is.
func (m *matcher) share(r *rule) error {
	var faults []error
	for i := range r.Policies {
		t := &r.Policies[i]
		c, ok := r.compartment(i)
		if !ok {
			continue
		}
		m.compartments[c] = append(m.compartments[c], member{r, i})
		first := m.compartments[c][0]
		if want := first.Policies[first.i].Config; !reflect.DeepEqual(want, t.Config) {
			faults = append(faults, fmt.Errorf("rule %q: configuration of policy %d = %+v; must be that of compartment %q in rule %q, %+v",
				r.Match, i, t.Config, c.name, first.Match, want))
		}
	}
	return errors.Join(faults...)
}

// checkGiven requires that no policy by Use is both in a rule and in a shadow rule: a call
// of both would meet it twice.
func (m *matcher) checkGiven() error {
	if len(m.shadow.groups) == 0 {
		return nil
	}
	enforced := map[any]*rule{}
	for r := range m.enforced.all() {
		for i := range r.Policies {
			if t := &r.Policies[i]; validate.IsPointer(t.given) {
				enforced[t.given] = r
			}
		}
	}
	var faults []error
	for r := range m.shadow.all() {
		for i, t := range r.Policies {
			if !validate.IsPointer(t.given) {
				continue
			}
			if first := enforced[t.given]; first != nil {
				faults = append(faults, fmt.Errorf("shadow rule %q: policy %d = the one that rule %q uses; must be one of its own", r.Match, i, first.Match))
			}
		}
	}
	return errors.Join(faults...)
}

// inForce returns the rules, in the order in which they were given.
func (m *matcher) inForce() []InForce {
	var all []*rule
	for _, x := range []*index{&m.enforced, &m.shadow} {
		all = slices.AppendSeq(all, x.all())
	}
	for own := range m.classes.all() {
		if own.Classifies() {
			all = append(all, own)
		}
	}
	slices.SortFunc(all, func(a, b *rule) int { return a.at - b.at })
	list := make([]InForce, len(all))
	for i, own := range all {
		list[i] = InForce{own.Clone(), &own.met}
	}
	return list
}

// find returns the rules of a call.
func (m *matcher) find(call *policy.Call) found {
	return found{m.enforced.find(call), m.shadow.find(call), m.classes.find(call)}
}

// meet notes that a call has found its rules, and reports whether they have any policy for
// it.
func (m *matcher) meet(call *policy.Call) bool {
	found := m.find(call)
	found.meet()
	return found.guards()
}

// indexOf returns where rules like r are found.
func (m *matcher) indexOf(r Rule) *index {
	if r.Shadow {
		return &m.shadow
	}
	return &m.enforced
}

// samples yields the policies that were made to check the templates.
func (m *matcher) samples(yield func(policy.Policy) bool) {
	for _, x := range []*index{&m.enforced, &m.shadow} {
		for own := range x.all() {
			for _, p := range own.trial {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// templateOf finds the template that a policy would be made by now: the i-th of its rule,
// which is nil if there is none.
func (m *matcher) templateOf(id identity) (r *rule, i int) {
	if id.scope == PerCompartment {
		for _, c := range m.compartments[compartment{id.kind, id.name, id.shadow}] {
			if c.applies(id.side) && c.Policies[c.i].applies(id.side) {
				return c.rule, c.i
			}
		}
		return nil, 0
	}
	r = m.ruleOf(id)
	if r == nil {
		return nil, 0
	}
	for i := range r.Policies {
		like := r.identity(i, callText{id.name, id.target, id.side})
		if id.overflow {
			like = r.overflowIdentity(i, id.side)
		}
		if like == id && r.Policies[i].applies(id.side) {
			return r, i
		}
	}
	return nil, 0
}

// ruleOf finds the rule of a policy that stands for one, nil if it is gone.
func (m *matcher) ruleOf(id identity) *rule {
	if id.isOwn() {
		return m.indexOf(Rule{Shadow: id.shadow}).find(&policy.Call{Method: id.name, Target: id.target, Side: id.side})
	}
	p, err := parsePattern(id.match)
	if err != nil {
		return nil // a policy by Use
	}
	return m.indexOf(Rule{Shadow: id.shadow}).groups[p.text].find(&policy.Call{Target: id.target, Side: id.side})
}

// found are the rules that apply to a call. Either may be nil.
type found struct {
	enforced, shadow *rule
	// classed is the rule that says how much the calls matter.
	classed *rule
}

// class returns the class that the rules give the calls, Unset if none does.
func (f found) class() criticality.Class {
	if f.classed == nil {
		return criticality.Unset
	}
	return f.classed.Criticality
}

// conditions returns those of the rule in force, nil if there are none.
func (f found) conditions() *condition.List {
	if f.enforced == nil {
		return nil
	}
	return f.enforced.conditions
}

// guards reports whether the rules have any policy or class for the call.
func (f found) guards() bool {
	return f.classed != nil || f.enforced.guards() || f.shadow.guards()
}

// meet notes that a call has found the rules.
func (f found) meet() {
	f.enforced.meet()
	f.shadow.meet()
	f.classed.meet()
}

// copied returns the rules that there are, which the caller may change.
func (f found) copied() []Rule {
	var all []Rule
	for _, r := range f.both() {
		if r != nil {
			all = append(all, r.Clone())
		}
	}
	return all
}

// both returns the rules. Either may be nil.
func (f found) both() [2]*rule { return [...]*rule{f.enforced, f.shadow} }
