package degrade

import (
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// State is what a field holds instead of what it should.
type State uint8

// The states. A state that this version does not know is read as Unknown: do
// not trust the field.
const (
	// Unknown: nothing is known of the field.
	Unknown State = iota
	// Intact: the field holds what it should.
	Intact
	// Missing: there is no value. Do not read anything into the field being empty.
	Missing
	// Stale: a real value, but an old one.
	Stale
	// Defaulted: a fixed value in place of the real one.
	Defaulted
	// Substituted: a less fitting value from another source.
	Substituted
	// Partial: the field is there, but something within it is degraded.
	Partial
)

// String returns the state's name, such as "missing".
func (s State) String() string {
	switch s {
	case Intact:
		return "intact"
	case Missing:
		return "missing"
	case Stale:
		return "stale"
	case Defaulted:
		return "defaulted"
	case Substituted:
		return "substituted"
	case Partial:
		return "partial"
	case Unknown:
		return "unknown"
	default:
		return "unknown"
	}
}

// severities is how many there are.
const severities = 7

// severity orders states by how much they matter to a reader: from 0 to severities-1.
func (s State) severity() int {
	switch s {
	case Missing:
		return 5
	case Defaulted:
		return 4
	case Partial:
		return 3
	case Stale:
		return 2
	case Substituted:
		return 1
	case Intact:
		return 0
	case Unknown:
		return 6
	default:
		return 6
	}
}

// proto returns the state on the wire. Intact fields have no marker.
func (s State) proto() degradev1.FieldState {
	switch s {
	case Missing:
		return degradev1.FieldState_FIELD_STATE_MISSING
	case Stale:
		return degradev1.FieldState_FIELD_STATE_STALE
	case Defaulted:
		return degradev1.FieldState_FIELD_STATE_DEFAULTED
	case Substituted:
		return degradev1.FieldState_FIELD_STATE_SUBSTITUTED
	case Partial:
		return degradev1.FieldState_FIELD_STATE_PARTIAL
	case Unknown, Intact:
		return degradev1.FieldState_FIELD_STATE_UNSPECIFIED
	default:
		return degradev1.FieldState_FIELD_STATE_UNSPECIFIED
	}
}

// stateOf reads a state off the wire.
func stateOf(s degradev1.FieldState) State {
	switch s {
	case degradev1.FieldState_FIELD_STATE_MISSING:
		return Missing
	case degradev1.FieldState_FIELD_STATE_STALE:
		return Stale
	case degradev1.FieldState_FIELD_STATE_DEFAULTED:
		return Defaulted
	case degradev1.FieldState_FIELD_STATE_SUBSTITUTED:
		return Substituted
	case degradev1.FieldState_FIELD_STATE_PARTIAL:
		return Partial
	case degradev1.FieldState_FIELD_STATE_UNSPECIFIED:
		return Unknown
	default:
		return Unknown
	}
}
