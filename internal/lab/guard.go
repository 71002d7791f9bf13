package lab

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// System is a way to guard calls.
type System struct {
	// Name is what reports call it.
	Name string
	// New returns the guard of one client of a world. The name is another one for each
	// client of each run, and the same in each process.
	New func(w *World, name string) (Guard, error)
	// Timeless: its guards never read the clock, so that it need not be moved.
	Timeless bool
	// Blocks: its guards may block in Admit, until the call's deadline at most.
	Blocks bool

	ofPolicies bool // whose guards count instants
}

// Guard says which calls are sent. One goroutine asks it, in virtual time; if it may block,
// one for each call.
type Guard interface {
	// Admit reports whether the call may be sent now. It may shorten call.Deadline.
	Admit(call *Call) bool
	// End tells how a call ended that was admitted, now.
	End(call *Call, err error)
}

// Stater is implemented by a Guard that tells of its changes of state.
type Stater interface {
	// Transitions returns how many there were.
	Transitions() int
}

// Call is one call that a guard is asked about. Calls are used again.
type Call struct {
	// At is when it comes, Deadline when its caller gives up, both as times of the run.
	At, Deadline time.Duration
	// Now is when it ends, once it does.
	Now time.Duration
	// Began is At on the clock.
	Began time.Time
	// State is what the guard remembers of the call.
	State any

	admission policy.Admission
	context   callContext
	cancel    context.CancelFunc // of a context that guards may wait for
	guard     Guard
	admitted  bool
	refusedBy string // the kind of policy, if it is one
	answer    Answer
	luck      Draw
	ends      time.Duration // when it is answered
}

// release ends the context of a call that is over, if somebody could wait for it.
func (c *Call) release() {
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
}

// callContext is the context of a call. It has the caller's deadline and no timer.
type callContext struct {
	context.Context //nolint:containedctx // it is one

	deadline time.Time
}

// Deadline returns the deadline of the call.
func (c *callContext) Deadline() (time.Time, bool) { return c.deadline, true }

// None sends every call.
func None() System {
	return System{Name: "none", Timeless: true, New: func(*World, string) (Guard, error) { return none{}, nil }}
}

type none struct{}

func (none) Admit(*Call) bool { return true }

func (none) End(*Call, error) {}
