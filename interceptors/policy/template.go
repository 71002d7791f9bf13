package policy

import (
	"errors"
	"fmt"
	"slices"
)

// Template makes the policies of a rule: one policy for each method, service or
// target that the rule meets. The packages of the policies have functions that
// make templates, as in breaker.Each.
type Template struct {
	// New makes the policy for a key. It must not be nil. It is also called once
	// when the rules are built, so that bad configuration is found there.
	New func(Key) (Policy, error)
	// Scope says what shares a policy. The zero Scope is PerMethod.
	Scope Scope
	// Sides restricts the template to calls seen there. Empty: all.
	Sides []Side
}

// Scope says which calls of a rule share a policy.
type Scope uint8

// The scopes. Each is within one target.
const (
	PerMethod Scope = iota
	PerService
	PerTarget
)

// String returns the scope as in "per_method".
func (s Scope) String() string {
	switch s {
	case PerMethod:
		return "per_method"
	case PerService:
		return "per_service"
	case PerTarget:
		return "per_target"
	default:
		return fmt.Sprintf("Scope(%d)", uint8(s))
	}
}

// Key says what a new policy is for.
type Key struct {
	// Name is the method, the service as "/pkg.Service/", or "*".
	Name string
	// Target is the client's target, empty on a server.
	Target string
	// Observer hears what the policy reports. It is never nil.
	Observer Observer
}

// Per returns t with another scope.
func (t Template) Per(s Scope) Template {
	t.Scope = s
	return t
}

// On returns t restricted to calls seen on the given sides.
func (t Template) On(sides ...Side) Template {
	t.Sides = sides
	return t
}

// Use makes a template of one policy that all calls of all rules that name it
// share: a compartment.
func Use(p Policy) Template {
	return Template{Scope: PerTarget, New: func(Key) (Policy, error) {
		if p == nil {
			return nil, errors.New("policy: shared policy = nil; must be a policy")
		}
		return p, nil
	}}
}

// overflowName names the policies that calls past the key limit share.
const overflowName = "(overflow)"

// trial checks t, the i-th of its rule, and makes one policy of it.
func (t Template) trial(i int, observer Observer) (Policy, error) {
	if t.Scope > PerTarget {
		return nil, fmt.Errorf("policy: scope of policy %d = %v; must be PerMethod, PerService or PerTarget", i, t.Scope)
	}
	for _, s := range t.Sides {
		if s > Local {
			return nil, fmt.Errorf("policy: side of policy %d = %d; must be Client, Server or Local", i, s)
		}
	}
	if t.New == nil {
		return nil, fmt.Errorf("policy: New of policy %d = nil; must be a function", i)
	}
	return t.make(i, Key{Name: overflowName, Observer: observer})
}

// make makes the policy for a key. It is never nil without an error.
func (t Template) make(i int, k Key) (Policy, error) {
	p, err := t.New(k)
	if err == nil && p == nil {
		err = fmt.Errorf("policy: New of policy %d returned nil; must return a policy", i)
	}
	return p, err
}

// applies reports whether t is for calls seen on side.
func (t Template) applies(side Side) bool {
	return len(t.Sides) == 0 || slices.Contains(t.Sides, side)
}

// keyOf is what call shares a policy of t by.
func (t Template) keyOf(call Call) Key {
	k := Key{Target: call.Target}
	switch t.Scope {
	case PerService:
		k.Name = serviceOf(call.Method)
	case PerTarget:
		k.Name = "*"
	case PerMethod:
		k.Name = call.Method
	}
	return k
}
