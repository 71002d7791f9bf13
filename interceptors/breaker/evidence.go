package breaker

import (
	"math"

	"github.com/afloat-go/afloat/interceptors/internal/window"
)

// evidence says what a dependency that does a useful share of its work does only by a
// rare chance. Where no threshold is set by hand, nothing less opens a circuit.
type evidence struct {
	// leastRun is how many calls in a row are needed in any case.
	leastRun int
	// logChance is the logarithm of the chance that is too small.
	logChance float64
}

var (
	// toOpen opens a closed circuit. At 1000 calls a second of which 60 % fail, such a run
	// comes once in hours.
	toOpen = evidence{leastRun: 10, logChance: math.Log(1e-7)} //nolint:gochecknoglobals // never written
	// toOpenInFlight is the same of calls that are in flight for too long: each of them
	// costs its caller time.
	toOpenInFlight = evidence{leastRun: 5, logChance: toOpen.logChance} //nolint:gochecknoglobals // never written
	// toStepBack lowers the share that a half-open circuit admits, which costs less.
	toStepBack = evidence{leastRun: 5, logChance: math.Log(1e-3)} //nolint:gochecknoglobals // never written
)

// A dependency whose calls fail by at least uselessShare, and so often that it is no chance
// for one that fails by usefulShare, is worth no more calls.
const (
	uselessShare = 0.9
	usefulShare  = 0.8
	// deviations is how many standard deviations above usefulShare are no chance.
	deviations = 4
)

// run reports whether so many bad calls in a row are too many for chance. Among the calls
// that came before, as c counts them without the run, so many were bad that the run may
// be one of many.
func (e evidence) run(n int, c window.Counts) bool {
	if n < e.leastRun {
		return false
	}
	// Of nothing that is known a third is bad: so a new circuit needs 15 in a row.
	usual := float64(c.Bad()+1) / float64(c.Calls+3)
	return float64(n)*math.Log(usual) <= e.logChance
}

// useless reports whether a dependency fails so often that it is worth no more calls.
func useless(c window.Counts) bool {
	n, failures := float64(c.Calls), float64(c.Failures)
	above := failures - usefulShare*n
	return failures >= uselessShare*n && above > 0 &&
		above*above >= deviations*deviations*usefulShare*(1-usefulShare)*n
}

// without returns the counts without a run of failures, of which the window may have
// forgotten some, and the failures of the run that it still has.
func without(c window.Counts, run int) (before window.Counts, n int) {
	n = min(run, c.Failures)
	c.Calls -= n
	c.Failures -= n
	return c, n
}
