// Package ward makes backends of a system sick for a while, and counts who still comes
// to see them.
package ward

import (
	"errors"

	"github.com/afloat-go/afloat/examples/dashboard/system"
)

// Ailment is what is wrong with a backend.
type Ailment struct {
	// Backend is its name.
	Backend string
	// How it is sick.
	How system.Sickness
}

// Ward is the backends that are sick at the same time.
type Ward struct {
	patients []*system.Backend
	before   []uint64
}

// Admit makes backends of sys sick.
func Admit(sys *system.System, sick ...Ailment) (*Ward, error) {
	w := &Ward{}
	var faults []error
	for _, a := range sick {
		b := sys.Backend(a.Backend)
		w.patients, w.before = append(w.patients, b), append(w.before, b.Arrived())
		faults = append(faults, b.Become(a.How))
	}
	return w, errors.Join(faults...)
}

// Reached is how many calls have come to each since it was admitted.
func (w *Ward) Reached() map[string]int {
	calls := map[string]int{}
	for i, b := range w.patients {
		calls[b.Name()] = int(b.Arrived() - w.before[i]) //nolint:gosec // far below the bounds of an int
	}
	return calls
}

// Discharge cures them all.
func (w *Ward) Discharge() error {
	var faults []error
	for _, b := range w.patients {
		faults = append(faults, b.Become(system.Well))
	}
	return errors.Join(faults...)
}
