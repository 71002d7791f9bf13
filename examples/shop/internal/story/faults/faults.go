// Package faults makes backends of a system sick for a while, and counts the calls that
// still come to them.
package faults

import (
	"errors"

	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Fault is what is wrong with a backend.
type Fault struct {
	// Backend is its name.
	Backend string
	// How it is sick.
	How system.Sickness
}

// Reasons returns why callers do without the backend. One that is slow has its answers
// waited for, until its circuit opens.
func (f Fault) Reasons() []degrade.Reason {
	why := []degrade.Reason{degrade.ReasonCircuitOpen}
	switch f.How {
	case system.Hanging:
		return append(why, degrade.ReasonTimeout)
	case system.Failing:
		return append(why, degrade.ReasonUnavailable)
	case system.Well, system.Slow, system.Narrow:
		return why
	default:
		return why
	}
}

// Injector makes backends of a system sick, and well again.
type Injector struct {
	system *system.System
	before map[string]uint64 // how many calls had come to each sick backend by then
}

// New returns an injector for a system whose backends are all well.
func New(sys *system.System) *Injector { return &Injector{system: sys} }

// Inject makes these backends sick, and all others well. One that is sick already stays
// sick meanwhile.
func (i *Injector) Inject(sick ...Fault) error {
	var errs []error
	was := i.before
	i.before = map[string]uint64{}
	for _, f := range sick {
		b := i.system.Backend(f.Backend)
		i.before[f.Backend] = b.Arrived()
		errs = append(errs, b.Become(f.How))
	}
	for name := range was {
		if _, stays := i.before[name]; !stays {
			errs = append(errs, i.system.Backend(name).Become(system.Well))
		}
	}
	return errors.Join(errs...)
}

// Reached returns how many calls have come to each sick backend since Inject was called
// last.
func (i *Injector) Reached() map[string]int {
	calls := map[string]int{}
	for name, before := range i.before {
		calls[name] = int(i.system.Backend(name).Arrived() - before) //nolint:gosec // far below the bounds of an int
	}
	return calls
}
