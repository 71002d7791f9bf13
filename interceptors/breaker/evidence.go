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
	// chance is the one that is too small.
	chance float64
}

var (
	// toOpen opens a closed circuit. At 1000 calls a second of which 60 % fail, such a run
	// comes once in hours.
	toOpen = evidence{leastRun: 8, chance: 1e-7} //nolint:gochecknoglobals // never written
	// silent is the same of calls that are in flight for too long. More are needed: they
	// may be answered still.
	silent = evidence{leastRun: 10, chance: toOpen.chance} //nolint:gochecknoglobals // never written
	// toStepBack lowers the share that a half-open circuit admits, which costs less.
	toStepBack = evidence{leastRun: 5, chance: 1e-3} //nolint:gochecknoglobals // never written
)

// run reports whether so many bad calls in a row are too many for chance, where usually a
// share is bad: the run may be one of many.
func (e evidence) run(n int, usual float64) bool {
	return n >= e.leastRun && power(usual, n) <= e.chance
}

// someCalls is how many calls before a run are something that is known. Where there are
// fewer, unknownShare of them is taken to be bad, if not more.
const (
	someCalls    = 5
	unknownShare = 1.0 / 3
)

// usualBad returns the share of failures among the calls that came before a run, as c
// counts them with the run: a slow answer is an answer. Where too little is known a third
// is bad: so a new circuit needs 15 in a row. Where something is, it is a standard
// deviation more than was seen.
func usualBad(c window.Counts, run int) float64 {
	run = min(run, c.Failures)
	n := float64(c.Calls - run + 3)
	share := float64(c.Failures-run+1) / n
	if c.Calls-run < someCalls {
		return max(share, unknownShare)
	}
	return share + math.Sqrt(share*(1-share)/n)
}

// power returns x to the power of n, the same on every machine.
func power(x float64, n int) float64 {
	result := 1.0
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			result *= x
		}
		x *= x
	}
	return result
}

// A dependency of which at least nine of ten calls fail, and so many that it is no chance
// for one of which eight of ten do, is worth no more calls.
const (
	uselessShare                = 0.9
	uselessTenths, usefulTenths = 9, 8
	// deviations is how many standard deviations above that are no chance.
	deviations = 4
)

// useless reports whether a dependency fails so often that it is worth no more calls. It
// counts in tenths of calls, which is exact.
func useless(c window.Counts) bool {
	n, failures := int64(c.Calls), 10*int64(c.Failures)
	above := failures - usefulTenths*n
	return failures >= uselessTenths*n && above*above >= deviations*deviations*usefulTenths*(10-usefulTenths)*n
}
