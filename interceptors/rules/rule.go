package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Rule says which calls get which policies.
type Rule struct {
	// Match is "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" (a package and
	// those below it) or "*", in printable ASCII without spaces and of at most
	// [MaxMethodBytes]. Only the closest rule applies to a call. "*" does
	// not match gRPC's health, reflection and channelz services, which stay
	// unguarded unless a closer pattern matches.
	Match string
	// Target restricts the rule to clients of that target, as given to
	// grpc.NewClient, or of the connection to it that has a name, as in
	// "dns:///users#eu-replica". Of two rules with the same Match, the one with the call's
	// target is closer, and the one with its connection's name even more. It is printable ASCII without spaces, of at most
	// [MaxTargetBytes]. Empty: all targets, and servers.
	Target string
	// Sides restricts the rule to calls on these sides. Empty: all sides, but for
	// policies in the layer of breakers: these guard calls of a server only where the rule
	// or the template names that side, because there it is the server's own handler that
	// a breaker judges, and the server's callers that it refuses.
	Sides []policy.Side
	// Shadow is for policies that only watch: a call has the policies of its closest
	// rule and also those of its closest shadow rule. Templates learn of it from
	// [Key.Shadow]; a policy given with [Use] must be one that only watches. Shadow
	// rules do not apply to calls past the key limit.
	Shadow bool
	// Criticality is the class of the calls, see package criticality: of those that say
	// nothing it is this one, and of those that say a higher one too. A call has it from
	// the closest rule that has one, which need not be the closest of all. Must be Unset
	// in a shadow rule. Default Unset: calls are what they say.
	Criticality criticality.Class
	// Conditions say what the ends of the calls mean, to policies, observers and fallbacks;
	// the first one that is met decides, see package condition. A shadow rule has none.
	// None: the ends are judged as usual.
	Conditions []condition.Condition
	// Policies are the templates of the rule, in any order. A call has at most
	// [policy.MaxPolicies], those of a shadow rule included. None: the calls are left
	// unguarded, and with Conditions judged; but a rule that has a Criticality and nothing
	// else leaves them the policies of the closest other rule.
	Policies []Template
}

// Clone returns a copy of the rule with lists of its own.
func (r Rule) Clone() Rule {
	r.Policies, r.Sides, r.Conditions = slices.Clone(r.Policies), slices.Clone(r.Sides), slices.Clone(r.Conditions)
	return r
}

// Classifies reports whether r says how much calls matter and nothing else.
func (r Rule) Classifies() bool {
	return r.Criticality != criticality.Unset && len(r.Policies) == 0 && len(r.Conditions) == 0
}

// checkCriticality requires a class that there is, of calls and not of a shadow.
func (r Rule) checkCriticality() error {
	switch {
	case r.Criticality > criticality.Critical:
		return fmt.Errorf("criticality = %d; must be Low, Medium, High, Critical or Unset", r.Criticality)
	case r.Shadow && r.Criticality != criticality.Unset:
		return fmt.Errorf("criticality = %v; must be unset in a shadow rule", r.Criticality)
	default:
		return nil
	}
}

// checkTarget requires a target that a call can have.
func (r Rule) checkTarget() error {
	if len(r.Target) > MaxTargetBytes {
		return fmt.Errorf("target = %q; must be of at most %d bytes", excerpt.Within(r.Target, shownBytes), MaxTargetBytes)
	}
	if err := names.Check(r.Target); err != nil {
		return fmt.Errorf("target = %q; %w; must be %s", r.Target, err, names.Allowed)
	}
	return nil
}

// checkSides requires sides that there are, and those of clients with a target.
func (r Rule) checkSides() error {
	var faults []error
	for _, s := range r.Sides {
		if s > policy.Local {
			faults = append(faults, fmt.Errorf("side of the rule = %d; must be Client, Server or Local", s))
		}
	}
	if r.Target != "" && !r.applies(policy.Client) {
		faults = append(faults, fmt.Errorf("target = %q; must be empty in a rule that is not for clients", r.Target))
	}
	return errors.Join(faults...)
}

// checkConditions requires conditions that its calls can meet.
func (r Rule) checkConditions() (*condition.List, error) {
	switch {
	case len(r.Conditions) == 0:
		return nil, nil
	case r.Shadow:
		return nil, errors.New("conditions must be left out in a shadow rule: those of the rule in force decide")
	}
	return condition.New(condition.Calls{Match: r.Match, Sides: r.Sides}, r.Conditions)
}

// name returns what errors call the rule.
func (r Rule) name() string {
	if r.Target == "" {
		return r.Match
	}
	return r.Match + " for " + r.Target
}

// compartment returns the one that the i-th template names, if it names one.
func (r Rule) compartment(i int) (c compartment, ok bool) {
	t := &r.Policies[i]
	return compartment{t.Kind, t.Compartment, r.Shadow}, t.Compartment != ""
}

// checkRepeats requires that no call meets one policy twice.
func (r Rule) checkRepeats() error {
	var faults []error
	for i := range r.Policies {
		c, ok := r.compartment(i)
		repeats, first := false, -1
		for j := range i {
			before := &r.Policies[j]
			repeats = repeats || before.Compartment == c.name && before.Kind == c.kind
			if first < 0 && r.Policies[i].repeats(before) {
				first = j
			}
		}
		switch {
		case ok && repeats:
			faults = append(faults, fmt.Errorf("compartment of policy %d = %q; must be named by one %s of a rule", i, c.name, c.kind))
		case first >= 0:
			faults = append(faults, fmt.Errorf("policy %d = the same %s as policy %d; must be there once", i, cmp.Or(r.Policies[i].Kind, "policy"), first))
		}
	}
	return errors.Join(faults...)
}

// Narrow returns r for no other sides than these, which must be of its own. A breaker does
// not come to guard a server because what is left of the rule's sides is written down.
func (r Rule) Narrow(sides ...policy.Side) Rule {
	r.Policies = slices.Clone(r.Policies)
	for i, t := range r.Policies {
		if p, err := t.trial(i, Key{Rule: r.name(), Shadow: r.Shadow, Observer: policy.NopObserver{}}); err == nil {
			r.Policies[i] = r.settled(t, p)
		}
	}
	r.Sides = sides
	return r
}

// settled returns a template of r with the sides that it is for where neither of them
// names any; p is a policy that it made.
func (r Rule) settled(t Template, p policy.Policy) Template {
	if unsaid := len(r.Sides) == 0 && len(t.Sides) == 0 && r.Target == ""; unsaid && policy.LayerOf(p) == policy.LayerBreaker {
		return t.On(policy.Client, policy.Local)
	}
	return t
}

// applies reports whether r is for calls seen on side.
func (r Rule) applies(side policy.Side) bool {
	return len(r.Sides) == 0 || slices.Contains(r.Sides, side)
}

// canMeet reports whether r can be for calls on side: with a target, on the client side
// only.
func (r Rule) canMeet(side policy.Side) bool {
	return r.applies(side) && (r.Target == "" || side == policy.Client)
}

// count returns how many policies of r a call on side has.
func (r Rule) count(side policy.Side) int {
	if !r.applies(side) {
		return 0
	}
	n := 0
	for i := range r.Policies {
		if r.Policies[i].applies(side) {
			n++
		}
	}
	return n
}

// shownBytes is how much of a long text an error repeats.
const shownBytes = 256
