package lab

import (
	"fmt"
	"strings"
	"time"
)

// outages returns the worlds in which nothing is answered for a time.
func outages() []World {
	var all []World
	for _, length := range []time.Duration{time.Second, 10 * time.Second, 20 * time.Second, 5 * time.Minute} {
		all = append(all, outage("fails", "every call fails", length), outage("hangs", "no call is answered", length))
	}
	return append(all, outageAtStart(), halfBack())
}

// afterOutage is how long a guard has to come back.
const afterOutage = 30 * time.Second

// outage returns the world that is well, then wholly down, then well again.
func outage(how, words string, length time.Duration) World {
	return newWorld(
		"outage-"+how+"-"+brief(length),
		"Well for 20 s or more; then, for "+spoken(length)+", "+words+"; then well again.",
		func(dice *Dice, _ int) Course {
			from := 20*time.Second + dice.Below(10*time.Second)
			return down(Span{from, from + length}, how == "hangs")
		},
	)
}

// down returns a course with an outage.
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

// outageAtStart returns the world that hangs before anything could be learned of it.
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

// halfBack returns the world that is wholly down, and then half of it is back.
func halfBack() World {
	return newWorld(
		"outage-then-half",
		"Every call fails for 20 s, then half of all calls for a minute, each by itself.",
		func(dice *Dice, _ int) Course {
			from := 20*time.Second + dice.Below(10*time.Second)
			c := down(Span{from, from + 20*time.Second}, false)
			well := c.Answer
			c.Length = c.Fault.To + time.Minute
			c.Answer = func(at time.Duration, luck Draw) Answer {
				if at >= c.Fault.To && luck.Hits(Percent(50)) {
					return failed(luck.Around(median))
				}
				return well(at, luck)
			}
			return c
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

// spoken returns a duration as sentences have it, as in "20 s".
func spoken(d time.Duration) string {
	b := brief(d)
	digits := strings.TrimRight(b, "ms")
	unit := map[string]string{"m": "minutes", "s": "s", "ms": "ms"}[b[len(digits):]]
	return digits + " " + unit
}
