package override

import (
	"fmt"
	"time"
)

// Change is something that was done to policies by hand, or that has ended.
type Change struct {
	// At is when.
	At time.Time
	// What was done.
	What What
	// Override is the one that began or ended. Of policies that were tripped or reset, it is
	// the command alone.
	Override Override
	// By is who did it: the override's author, or whoever ended it. Empty: its time was up.
	By string
}

// What says what was done.
type What uint8

// What can be done.
const (
	// Began: an override is in force from now on.
	Began What = iota
	// Expired: the time of an override is up.
	Expired
	// Ended: somebody ended an override.
	Ended
	// Replaced: another override for the same scope began.
	Replaced
	// Tripped: circuits were opened, and recover by themselves.
	Tripped
	// Reset: policies have begun anew.
	Reset
)

// String returns the name of what was done, such as "began".
func (w What) String() string {
	switch w {
	case Began:
		return "began"
	case Expired:
		return "expired"
	case Ended:
		return "ended"
	case Replaced:
		return "replaced"
	case Tripped:
		return "tripped"
	case Reset:
		return "reset"
	default:
		return fmt.Sprintf("What(%d)", uint8(w))
	}
}

// Observer is implemented by a policy.Observer of rules that hears of what is done by hand.
// It must be safe for concurrent use and must not block. It is called outside all locks, and
// its panics are recovered and dropped.
type Observer interface {
	// Steered hears of a change.
	Steered(c Change)
}
