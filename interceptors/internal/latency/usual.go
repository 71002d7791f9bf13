package latency

import "time"

// Usual is what a [Sketch] held at one moment.
type Usual struct {
	// Calls is how many calls ended, CutShort how many were cut short. Calls that are
	// older, or that ended close to others, are not all in it.
	Calls, CutShort int

	ended, cut [buckets]uint16
}

// Longer returns the share of calls, from 0 to 1, that take longer than d. Calls that were
// cut short are taken to end like those that took at least as long (Kaplan and Meier,
// 1958). It is 1 where no call has ended.
func (u *Usual) Longer(d time.Duration) float64 {
	longer := 1.0
	u.walk(func(bucket int, before, after float64) bool {
		floor, ceiling := floorOf(bucket), floorOf(bucket+1)
		if d < ceiling {
			longer = before
			if d > floor {
				longer -= (before - after) * float64(d-floor) / float64(ceiling-floor)
			}
			return false
		}
		longer = after
		return true
	})
	return longer
}

// Quantile returns the time in which the share q of calls end, in (0, 1). Where so many
// were cut short that nobody knows, it is the longest time that a call is known to have
// taken. It is 0 where no call has ended.
func (u *Usual) Quantile(q float64) time.Duration {
	var longest time.Duration
	u.walk(func(bucket int, before, after float64) bool {
		floor, ceiling := floorOf(bucket), floorOf(bucket+1)
		longest = ceiling
		if after > 1-q {
			return true
		}
		if before > after {
			longest = floor + time.Duration(float64(ceiling-floor)*(before-(1-q))/(before-after))
		}
		return false
	})
	return longest
}

// walk visits the buckets in which calls ended, the shortest first, with the shares of all
// calls that take longer than what was before the bucket and than what is in it, until
// visit returns false.
func (u *Usual) walk(visit func(bucket int, before, after float64) bool) {
	running, before := float64(u.Calls+u.CutShort), 1.0
	for i := range u.ended {
		ended, cut := float64(u.ended[i]), float64(u.cut[i])
		if ended > 0 {
			after := before * (1 - ended/running)
			if !visit(i, before, after) {
				return
			}
			before = after
		}
		running -= ended + cut
	}
}
