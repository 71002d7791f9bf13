package breaker

import "math"

// share is a ratio in billionths, so that judging it is exact: at a ratio of
// 0.07, 7 of 100 are enough, which floating point denies.
type share uint64

const whole = 1_000_000_000

// shareOf converts a ratio in (0, 1]. Off has no share that is ever met.
func shareOf(ratio float64) share {
	if ratio == Off {
		return math.MaxUint64
	}
	return share(max(1, math.Round(ratio*whole)))
}

// met reports whether part of calls is at least the share. Fewer than one is
// never enough, and neither is a share that is off.
func (s share) met(part, calls int) bool {
	if part < 1 || s > whole {
		return false
	}
	return uint64(part)*whole >= uint64(s)*uint64(calls) //nolint:gosec // counts are not negative
}
