package lab

import (
	"fmt"
	"time"
)

// outages returns the worlds in which nothing is answered for a time.
func outages() []World {
	var all []World
	for _, length := range []time.Duration{time.Second, 10 * time.Second, 20 * time.Second, 5 * time.Minute} {
		all = append(all, outage("fails", "every call fails", length), outage("hangs", "no call is answered", length))
	}
	return append(all, outageAtStart())
}

// afterOutage is how long a guard has to come back.
const afterOutage = time.Minute

// outage is well, then wholly down, then well again.
func outage(how, words string, length time.Duration) World {
	return newWorld(
		"outage-"+how+"-"+brief(length),
		"Well for 20 s or more; then, for "+brief(length)+", "+words+"; then well again.",
		func(dice *Dice, _ int) Course {
			from := 20*time.Second + dice.Below(10*time.Second)
			return down(Span{from, from + length}, how == "hangs")
		},
	)
}

// down is a course with an outage.
func down(fault Span, hangs bool) Course {
	return Course{Length: fault.To + afterOutage, Fault: fault, Outage: true, Answer: func(at time.Duration, luck Draw) Answer {
		switch {
		case !fault.Has(at):
			return good(luck.Around(median))
		case hangs:
			return hang
		default:
			return failed(luck.Around(median))
		}
	}}
}

// outageAtStart hangs before anything could be learned of it.
func outageAtStart() World {
	return newWorld(
		"outage-from-start",
		"The dependency hangs from the first second after the start, for 20 s; then it is well.",
		func(dice *Dice, _ int) Course {
			from := dice.Below(time.Second)
			return down(Span{from, from + 20*time.Second}, true)
		},
	)
}

// brief returns a duration as names have it, as in "5m".
func brief(d time.Duration) string {
	switch {
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	default:
		return d.String()
	}
}
