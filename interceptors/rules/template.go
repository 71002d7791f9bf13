package rules

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Template makes the policies of a rule: one for each method, service or target
// whose calls the rule matches, or one for a compartment. The packages of the
// policies have functions that return templates, such as breaker.Each.
type Template struct {
	// New makes the policy for a key. It is required. It is also called once when
	// the rules are built, so that bad configuration is found then. A policy with a
	// state must be a pointer, to be found again if it was dropped while a call still
	// held it.
	New func(Key) (policy.Policy, error)
	// Kind is what the policies are, such as "breaker", in printable ASCII without
	// spaces. It is required with Update and in a compartment. Empty: policies are made anew when the rules change.
	Kind string
	// Update gives this template's configuration to a policy that another template
	// of the same Kind made for the key, see [Rules.Apply]. An error says that it
	// cannot, and New then makes a new policy in its place. Update is also called
	// once when the rules are built, with a policy made by this template. Nil:
	// policies are made anew when the rules change.
	Update func(Key, policy.Policy) error
	// Config is the configuration, for display and to check that the templates of
	// one compartment agree. It must not be modified. Nil: not known.
	Config any
	// Varies: Config is not all that the policies are made of, as where there are options
	// that are functions. Then a rule may have two templates with equal Configs.
	Varies bool
	// Scope says which calls share a policy. The zero Scope is PerMethod.
	Scope Scope
	// Compartment names the compartment if Scope is PerCompartment, in printable ASCII
	// with spaces only within. See [Template.In].
	Compartment string
	// Sides restricts the template to calls on these sides. Empty: those of the rule, see
	// [Rule.Sides].
	Sides []policy.Side

	// given tells templates of one policy by Use. Nil: it is not by Use.
	given any
}

// Per returns t with the scope s.
func (t Template) Per(s Scope) Template {
	t.Scope = s
	return t
}

// In returns t for the compartment of that name: one policy on each side, shared
// by all calls of all rules that have a template of this kind in the
// compartment. These templates must have equal Configs. The name must not be
// empty.
func (t Template) In(name string) Template {
	t.Scope, t.Compartment = PerCompartment, name
	return t
}

// On returns t restricted to calls on the given sides.
func (t Template) On(sides ...policy.Side) Template {
	t.Sides = sides
	return t
}

// trial checks t, the i-th of its rule, and makes one policy of it for a key that has all
// but a name.
func (t *Template) trial(i int, key Key) (policy.Policy, error) {
	if err := errors.Join(t.checkScope(i), t.checkKind(i)); err != nil {
		return nil, err
	}
	for _, s := range t.Sides {
		if s > policy.Local {
			return nil, fmt.Errorf("side of policy %d = %d; must be Client, Server or Local", i, s)
		}
	}
	if t.New == nil {
		return nil, fmt.Errorf("New of policy %d = nil; must be a function", i)
	}
	key.Name = overflowName
	if t.Compartment != "" {
		key.Name, key.Rule = t.Compartment, ""
	}
	p, err := t.make(i, key)
	if err == nil && t.Update != nil {
		err = t.Update(key, p)
	}
	return p, err
}

// checkScope requires a scope that there is, and a compartment with PerCompartment
// only.
func (t *Template) checkScope(i int) error {
	if err := names.CheckLabel(t.Compartment); err != nil {
		return fmt.Errorf("compartment of policy %d = %q; %w; must be %s", i, t.Compartment, err, names.LabelAllowed)
	}
	switch {
	case t.given != nil:
		return nil
	case t.Scope > PerCompartment:
		return fmt.Errorf("scope of policy %d = %v; must be PerMethod, PerService, PerTarget or PerCompartment", i, t.Scope)
	case t.Scope == PerCompartment && t.Compartment == "":
		return fmt.Errorf("compartment of policy %d = \"\"; must be a name", i)
	case t.Scope != PerCompartment && t.Compartment != "":
		return fmt.Errorf("scope of policy %d = %v; must be PerCompartment in compartment %q", i, t.Scope, t.Compartment)
	default:
		return nil
	}
}

// checkKind requires a kind where policies are told apart by it.
func (t *Template) checkKind(i int) error {
	if err := names.Check(t.Kind); err != nil {
		return fmt.Errorf("kind of policy %d = %q; %w; must be %s", i, t.Kind, err, names.Allowed)
	}
	if t.Kind == "" && (t.Update != nil || t.Compartment != "") {
		return fmt.Errorf("kind of policy %d = \"\"; must be set in a compartment and with Update", i)
	}
	return nil
}

// repeats reports whether the template would make the same policies as another for some
// calls, so that these would meet them twice.
func (t *Template) repeats(other *Template) bool {
	if t.given != nil || other.given != nil {
		return validate.IsPointer(t.given) && t.given == other.given
	}
	return t.Config != nil && !t.Varies && !other.Varies && t.Kind == other.Kind && t.Scope == other.Scope &&
		t.Compartment == other.Compartment && t.meets(other) && reflect.DeepEqual(t.Config, other.Config)
}

// meets reports whether both templates are for calls on some side.
func (t *Template) meets(other *Template) bool {
	for side := range policy.Local + 1 {
		if t.applies(side) && other.applies(side) {
			return true
		}
	}
	return false
}

// make makes the policy for a key, never nil without an error.
func (t *Template) make(i int, k Key) (policy.Policy, error) {
	p, err := t.New(k)
	switch {
	case err == nil && p == nil:
		err = fmt.Errorf("New of policy %d returned nil; must return a policy", i)
	case err == nil && validate.IsNil(p):
		err = fmt.Errorf("New of policy %d returned a nil %T; must return a policy", i, p)
	}
	return p, err
}

// applies reports whether t is for calls seen on side.
func (t *Template) applies(side policy.Side) bool {
	return len(t.Sides) == 0 || slices.Contains(t.Sides, side)
}

// keyOf returns the key of the policy of t that guards the calls of a text.
func (t *Template) keyOf(at callText) Key {
	switch t.Scope {
	case PerService:
		return Key{Target: at.target, Name: serviceOf(at.method)}
	case PerTarget:
		return Key{Target: at.target, Name: "*"}
	case PerCompartment:
		return Key{Name: t.Compartment}
	default:
		return Key{Target: at.target, Name: at.method}
	}
}

// Use returns a template for p itself: all calls of all rules that use p share
// it. A change of the rules does not update p; that is up to the caller.
func Use(p policy.Policy) Template {
	t := Template{Scope: PerCompartment, given: new(int), New: func(Key) (policy.Policy, error) {
		switch {
		case p == nil:
			return nil, errors.New("shared policy = nil; must be a policy")
		case validate.IsNil(p):
			return nil, fmt.Errorf("shared policy = nil %T; must be a policy", p)
		default:
			return p, nil
		}
	}}
	if v := reflect.ValueOf(p); v.IsValid() && v.Comparable() {
		t.given = p
	}
	return t
}

// TemplateOf returns a template of policies of the kind and type P, for the functions
// that packages of policies have, such as breaker.Each. The config is that of
// [Template.Config]. The functions are as [Template.New] and [Template.Update], except
// that update is only asked about a P. A nil update: policies are made anew.
func TemplateOf[P policy.Policy](kind string, config any, create func(Key) (P, error), update func(Key, P) error) Template {
	t := Template{Kind: kind, Config: config, New: func(k Key) (policy.Policy, error) {
		p, err := create(k)
		if err != nil {
			return nil, err
		}
		return p, nil
	}}
	if update != nil {
		t.Update = func(k Key, p policy.Policy) error {
			own, ok := p.(P)
			if !ok {
				return ErrOther
			}
			return update(k, own)
		}
	}
	return t
}

// ErrOther says that a policy is not one that the template would make for the key. A
// [Template.Update] returns it to have the policy made anew.
var ErrOther = errors.New("rules: the policy is not one of the template's")

// Scope says which calls of a rule share a policy.
type Scope uint8

// The scopes. A client's policies are separate for each target, except in a
// compartment.
const (
	// PerMethod: the calls of one method.
	PerMethod Scope = iota
	// PerService: the calls of one service.
	PerService
	// PerTarget: all calls to one target; on a server, all calls that it answers.
	PerTarget
	// PerCompartment: all calls of the rule and of every other rule that names the
	// compartment, whatever the target.
	PerCompartment
)

// String returns the scope's name, such as "per_method".
func (s Scope) String() string {
	switch s {
	case PerMethod:
		return "per_method"
	case PerService:
		return "per_service"
	case PerTarget:
		return "per_target"
	case PerCompartment:
		return "per_compartment"
	default:
		return fmt.Sprintf("Scope(%d)", uint8(s))
	}
}

// Key says which calls a new policy is for. What in its names cannot be seen, or would
// drive a terminal, is escaped, as in `\n`.
type Key struct {
	// Name is the method, the service as "/pkg.Service/", "*" for a target, the
	// compartment, or "(overflow)" for calls past the key limit.
	Name string
	// Target is the client's target, empty on a server, in a compartment, and for
	// calls past the key limit.
	Target string
	// Rule names the rule that the policy is made or updated for, as errors should: its
	// Match and, if it has one, its Target, as in "* for dns:///users". Empty in a
	// compartment, which several rules share.
	Rule string
	// Shadow: the policy is for a shadow rule and must only watch.
	Shadow bool
	// Observer hears what the policy reports. It is never nil.
	Observer policy.Observer
}

// overflowName names the policies that calls past the key limit share.
const overflowName = "(overflow)"
