package rules

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// compartment names a policy that rules share.
type compartment struct {
	kind, name string
	shadow     bool
}

// member is a template in a compartment: the i-th of its rule.
type member struct {
	*rule

	i int
}

// compartment is the one that the i-th template names, if it names one.
func (r Rule) compartment(i int) (c compartment, ok bool) {
	t := r.Policies[i]
	return compartment{t.Kind, t.Compartment, r.Shadow}, t.Compartment != ""
}

// checkRepeats requires that no call meets one policy twice.
func (r Rule) checkRepeats() error {
	var faults []error
	for i := range r.Policies {
		c, ok := r.compartment(i)
		repeats := slices.ContainsFunc(r.Policies[:i], func(t Template) bool {
			return t.Compartment == c.name && t.Kind == c.kind
		})
		if ok && repeats {
			faults = append(faults, fmt.Errorf("compartment of policy %d = %q; must be named by one %s of a rule", i, c.name, c.kind))
		}
	}
	return errors.Join(faults...)
}

// share notes the compartments of r. All templates that name a compartment must
// agree on what it is.
func (s *ruleset) share(r *rule) error {
	var faults []error
	for i, t := range r.Policies {
		c, ok := r.compartment(i)
		if !ok {
			continue
		}
		s.compartments[c] = append(s.compartments[c], member{r, i})
		first := s.compartments[c][0]
		if want := first.Policies[first.i].Config; !reflect.DeepEqual(want, t.Config) {
			faults = append(faults, fmt.Errorf("rule %q: configuration of policy %d = %+v; must be that of compartment %q in rule %q, %+v",
				r.Match, i, t.Config, c.name, first.Match, want))
		}
	}
	return errors.Join(faults...)
}
