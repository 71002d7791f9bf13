// Package ward makes backends of a system sick for a while, and counts who still comes
// to see them.
package ward

import (
	"errors"

	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Ailment is what is wrong with a backend.
type Ailment struct {
	// Backend is its name.
	Backend string
	// How it is sick.
	How system.Sickness
}

// Reasons is why callers do without the backend. One that is slow has its answers
// waited for, until its circuit opens.
func (a Ailment) Reasons() []degrade.Reason {
	why := []degrade.Reason{degrade.ReasonCircuitOpen}
	switch a.How {
	case system.Hanging:
		return append(why, degrade.ReasonTimeout)
	case system.Failing:
		return append(why, degrade.ReasonUnavailable)
	case system.Well, system.Slow:
		return why
	default:
		return why
	}
}

// Ward is the backends of a system that are sick at the moment.
type Ward struct {
	system   *system.System
	patients map[string]uint64 // how many calls had come to each when it was admitted
}

// New returns an empty ward.
func New(sys *system.System) *Ward { return &Ward{system: sys} }

// Admit makes these backends sick. All others are well then; one that is sick already
// is sick all the while.
func (w *Ward) Admit(sick ...Ailment) error {
	var faults []error
	before := w.patients
	w.patients = map[string]uint64{}
	for _, a := range sick {
		b := w.system.Backend(a.Backend)
		w.patients[a.Backend] = b.Arrived()
		faults = append(faults, b.Become(a.How))
	}
	for name := range before {
		if _, stays := w.patients[name]; !stays {
			faults = append(faults, w.system.Backend(name).Become(system.Well))
		}
	}
	return errors.Join(faults...)
}

// Reached is how many calls have come to each since they were admitted last.
func (w *Ward) Reached() map[string]int {
	calls := map[string]int{}
	for name, before := range w.patients {
		calls[name] = int(w.system.Backend(name).Arrived() - before) //nolint:gosec // far below the bounds of an int
	}
	return calls
}
