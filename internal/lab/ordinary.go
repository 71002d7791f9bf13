package lab

import (
	"slices"
	"time"
)

// ordinary returns the worlds in which the dependency is well, but life goes on.
func ordinary() []World {
	return []World{day(), processPauses(), serverPauses()}
}

// day returns the world of a day of a service that is well.
func day() World {
	w := newWorld(
		"day",
		"24 hours at 20/s: calls take up to three times as long by day as by night; ten deploys, each with 2 % of errors for 5 s and 30 s of slower calls; the service pauses for 200 ms every ten minutes or so; bursts of ten times the calls.",
		func(dice *Dice, _ int) Course {
			const length = 24 * time.Hour
			deploys := spans(dice, length, length/10, 30*time.Second)
			pauses := spans(dice, length, 10*time.Minute, 200*time.Millisecond)
			bursts := spans(dice, length, time.Hour, 3*time.Second)
			phase := dice.Below(length)
			d := today{deploys: &cursor{spans: deploys}, pauses: &cursor{spans: pauses}, bursts: &cursor{spans: bursts}, phase: phase}
			return Course{Length: length, Surge: d.surge, Answer: d.answer}
		},
	)
	w.Rates, w.Runs = []int{20}, 3
	return w
}

// spans returns one span for each period, at a random time in it.
func spans(dice *Dice, length, period, each time.Duration) []Span {
	var all []Span
	for from := time.Duration(0); from+period <= length; from += period {
		at := from + dice.Below(period-each)
		all = append(all, Span{at, at + each})
	}
	return all
}

// cursor finds the span of times that never go back.
type cursor struct{ spans []Span }

// at returns the span that a time is in.
func (c *cursor) at(at time.Duration) (s Span, in bool) {
	for len(c.spans) > 0 && c.spans[0].To <= at {
		c.spans = c.spans[1:]
	}
	if len(c.spans) == 0 || !c.spans[0].Has(at) {
		return Span{}, false
	}
	return c.spans[0], true
}

// today is one run of the world day.
type today struct {
	deploys, pauses, bursts *cursor
	phase                   time.Duration
}

// surge multiplies the calls in a burst.
func (d *today) surge(at time.Duration) int {
	if _, in := d.bursts.at(at); in {
		return 10
	}
	return 1
}

// answer says how a call ends.
func (d *today) answer(at time.Duration, luck Draw) Answer {
	const halfDay = 12 * time.Hour
	hour := (at + d.phase) % (2 * halfDay)
	if hour > halfDay {
		hour = 2*halfDay - hour
	}
	// From one to three times the median.
	typical := scaled(median, one+2*one*uint64(hour/time.Minute)/uint64(halfDay/time.Minute)) //nolint:gosec // not negative
	if deploy, in := d.deploys.at(at); in {
		typical = typical * 3 / 2
		if at < deploy.From+5*time.Second && luck.Hits(Percent(2)) {
			return failed(luck.Around(typical))
		}
	}
	takes := luck.Around(typical)
	if pause, in := d.pauses.at(at); in {
		takes += pause.To - at
	}
	return good(takes)
}

// processPauses returns the world that stops the process of the callers, not the dependency.
func processPauses() World {
	w := paused(
		"process-pauses-2s",
		"The callers' process stands still for 2 s, every 20 s or so. The dependency is well.",
		func(pauses []Span) Course {
			return Course{Pauses: pauses, Answer: func(_ time.Duration, luck Draw) Answer { return good(luck.Around(25 * time.Millisecond)) }}
		},
	)
	w.Feedback = true // what ends in a pause is a matter of luck
	return w
}

// serverPauses returns the world that stops the dependency instead.
func serverPauses() World {
	return paused(
		"server-pauses-2s",
		"The dependency stands still for 2 s, every 20 s or so; calls that wait for it are answered then, if their deadlines allow.",
		func(pauses []Span) Course {
			at := &cursor{spans: slices.Clone(pauses)}
			return Course{Answer: func(now time.Duration, luck Draw) Answer {
				takes := luck.Around(25 * time.Millisecond)
				if pause, in := at.at(now); in {
					takes += pause.To - now
				}
				return good(takes)
			}}
		},
	)
}

// paused returns a world with pauses of 2 s, and deadlines of 500 ms.
func paused(name, about string, course func([]Span) Course) World {
	w := newWorld(name, about, func(dice *Dice, _ int) Course {
		const length = 2 * time.Minute
		c := course(spans(dice, length, 20*time.Second, 2*time.Second))
		c.Length = length
		return c
	})
	w.Deadline = 500 * time.Millisecond
	w.SlowOver = 200 * time.Millisecond
	w.Healthy = logNormal.at(25*time.Millisecond, 0.99)
	return w
}
