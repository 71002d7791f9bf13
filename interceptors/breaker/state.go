package breaker

import "fmt"

// State is what a breaker does with calls.
type State uint8

// The states.
const (
	// Closed: calls pass and are judged.
	Closed State = iota
	// Open: calls are refused until the open time is over.
	Open
	// HalfOpen: a few calls pass as probes, the others are refused.
	HalfOpen
	// ForcedOpen: all calls are refused, by Mode.
	ForcedOpen
	// Disabled: all calls pass and nothing is judged, by Mode.
	Disabled
)

// String returns the state's name, such as "half_open".
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case HalfOpen:
		return "half_open"
	case ForcedOpen:
		return "forced_open"
	case Disabled:
		return "disabled"
	default:
		return fmt.Sprintf("State(%d)", uint8(s))
	}
}

// Mode is how a breaker works.
type Mode uint8

// The modes.
const (
	// Automatic: the state follows the outcomes of calls.
	Automatic Mode = iota
	// AlwaysOpen refuses every call and never probes, until the mode changes.
	AlwaysOpen
	// AlwaysClosed lets every call pass and judges none, until the mode changes.
	AlwaysClosed
	// Shadow changes state on real outcomes but refuses nothing, to try out a
	// configuration. While it is half-open, the results of calls count as those of
	// probes.
	Shadow
)

// String returns the mode's name, such as "always_open".
func (m Mode) String() string {
	switch m {
	case Automatic:
		return "automatic"
	case AlwaysOpen:
		return "always_open"
	case AlwaysClosed:
		return "always_closed"
	case Shadow:
		return "shadow"
	default:
		return fmt.Sprintf("Mode(%d)", uint8(m))
	}
}

func (m Mode) valid() bool { return m <= Shadow }
