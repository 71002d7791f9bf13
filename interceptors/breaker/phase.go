package breaker

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// stay is one stay of the breaker in one state. The settler of a call is the
// stay in which it was admitted, so late results need no further check.
type stay struct {
	phase phase
	since policy.Instant
}

// phase is what a breaker does while in a state.
type phase interface {
	state() State
	// admit lets a call through, refuses it, or says that the state has passed and
	// that the next state must be asked.
	admit(ctx context.Context, call *policy.Call) (p policy.Permit, passed bool, err error)
	// wouldAdmit reports whether a call would be let through now.
	wouldAdmit(now policy.Instant) bool
	// idle reports whether the phase remembers nothing and no call is under way.
	idle(window policy.Instant) bool
	// describe adds what is known of the phase.
	describe(s *Snapshot)
}

// shown returns the state of a phase as calls see it.
func shown(p phase, now policy.Instant) State {
	if o, ok := p.(*open); ok && o.tries(now) {
		return HalfOpen
	}
	return p.state()
}
