package policy

import "fmt"

// Scope says which calls of a rule share a policy.
type Scope uint8

// The scopes.
const (
	// PerMethod: those of one method, to one target.
	PerMethod Scope = iota
	// PerService: those of one service, to one target.
	PerService
	// PerTarget: those to one target, or those that one server answers.
	PerTarget
	// PerCompartment: all, and those of other rules that name the compartment.
	PerCompartment
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
	case PerCompartment:
		return "per_compartment"
	default:
		return fmt.Sprintf("Scope(%d)", uint8(s))
	}
}

// Key says what a new policy is for.
type Key struct {
	// Name is the method, the service as "/pkg.Service/", "*", or the compartment.
	Name string
	// Target is the client's target, empty on a server and in a compartment.
	Target string
	// Shadow: it is for a shadow rule, and must only watch.
	Shadow bool
	// Observer hears what the policy reports. It is never nil.
	Observer Observer
}

// overflowName names the policies that calls past the key limit share.
const overflowName = "(overflow)"

// keyOf is what call shares a policy of t by.
func (t Template) keyOf(call Call) Key {
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
