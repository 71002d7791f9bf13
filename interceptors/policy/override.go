package policy

import "fmt"

// Overridable is implemented by a policy that an operator can override, as package override
// describes it.
type Overridable interface {
	Policy

	// Override puts d in force in place of what the configuration says, and of an override
	// that is in force; the zero Directive ends it. It reports whether the policy can be
	// overridden so; if not, nothing changes. It must not block, nor call an observer
	// before it returns.
	Override(d Directive) bool
	// Overridden returns the override in force, the zero Directive if there is none.
	Overridden() Directive
}

// Directive is what an operator has a policy do in place of what its configuration says.
type Directive struct {
	// Action is what it does.
	Action Action
	// Places is how many places a bulkhead has under [SetPlaces]. Range [1, 1000000]. Zero
	// with every other action.
	Places int
}

// Action is what an operator has policies do in place of what their configurations say.
type Action uint8

// The actions.
const (
	// NoAction: nothing is overridden.
	NoAction Action = iota
	// ForceOpen has a circuit refuse every call.
	ForceOpen
	// ForceClosed has a circuit refuse no call. Calls are judged as before, so that it shows
	// what it would do, and goes on from there afterwards.
	ForceClosed
	// Disable has a policy of any kind let every call pass. What it must know of calls that
	// are under way, such as which of them have places, it goes on counting.
	Disable
	// SetPlaces gives a bulkhead another number of places. Those of streams stay.
	SetPlaces
)

// Actions returns all actions but NoAction.
func Actions() []Action { return []Action{ForceOpen, ForceClosed, Disable, SetPlaces} }

// String returns the action's name, such as "force_open".
func (a Action) String() string {
	switch a {
	case NoAction:
		return "none"
	case ForceOpen:
		return "force_open"
	case ForceClosed:
		return "force_closed"
	case Disable:
		return "disable"
	case SetPlaces:
		return "set_places"
	default:
		return fmt.Sprintf("Action(%d)", uint8(a))
	}
}

// Tripper is implemented by a policy that can be made to act as if it had seen enough, as a
// circuit that opens. It recovers by itself.
type Tripper interface {
	// Trip reports whether anything has changed.
	Trip() bool
}

// Resetter is implemented by a policy that can forget what it has seen and learned, and
// begin anew. An override stays in force.
type Resetter interface{ Reset() }

// Prober is implemented by a policy that can tell whether a call would be let in now,
// without letting one in.
type Prober interface {
	// WouldAdmit reports whether a call would be let in now. Another call may come first.
	// Of a policy that only watches, it tells what would be if it did more.
	WouldAdmit() bool
}
