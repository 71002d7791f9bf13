package rules

import (
	"fmt"

	"github.com/afloat-go/afloat/interceptors/policy"
)

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

// Key says which calls a new policy is for.
type Key struct {
	// Name is the method, the service as "/pkg.Service/", "*" for a target, the
	// compartment, or "(overflow)" for calls past the key limit.
	Name string
	// Target is the client's target, empty on a server, in a compartment, and for
	// calls past the key limit.
	Target string
	// Shadow: the policy is for a shadow rule and must only watch.
	Shadow bool
	// Observer hears what the policy reports. It is never nil.
	Observer policy.Observer
}

// overflowName names the policies that calls past the key limit share.
const overflowName = "(overflow)"

// keyOf is the key of the policy of t that guards call.
func (t Template) keyOf(call *policy.Call) Key {
	switch t.Scope {
	case PerService:
		return Key{Target: call.Target, Name: serviceOf(call.Method)}
	case PerTarget:
		return Key{Target: call.Target, Name: "*"}
	case PerCompartment:
		return Key{Name: t.Compartment}
	default:
		return Key{Target: call.Target, Name: call.Method}
	}
}
