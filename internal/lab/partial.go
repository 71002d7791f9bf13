package lab

import (
	"fmt"
	"time"
)

// partial returns the worlds in which the dependency answers a share of its calls.
func partial() []World {
	var all []World
	for _, p := range []int{5, 30, 40, 50, 60, 80} {
		all = append(all, independent(p))
	}
	return append(all, replicaHangs(2), replicaHangs(3), wandering(), flapping())
}

// independent returns the world that fails a share of all calls, each by itself.
func independent(percent int) World {
	return newWorld(
		fmt.Sprintf("fails-%d", percent),
		fmt.Sprintf("%d %% of the calls fail, each by itself.", percent),
		func(_ *Dice, rate int) Course {
			share := Percent(float64(percent))
			return Course{Length: longer(rate), Answer: func(_ time.Duration, luck Draw) Answer {
				if luck.Hits(share) {
					return failed(luck.Around(median))
				}
				return good(luck.Around(median))
			}}
		},
	)
}

// longer returns how long to look on: with few calls, longer.
func longer(rate int) time.Duration {
	if rate < 20 {
		return 5 * time.Minute
	}
	return time.Minute
}

// replicaHangs returns the world that is well at first, and then one of n replicas hangs.
func replicaHangs(n int) World {
	return newWorld(
		fmt.Sprintf("replica-hangs-1-of-%d", n),
		fmt.Sprintf("After 10 s or more, one of %d replicas hangs; the others answer as before.", n),
		func(dice *Dice, rate int) Course {
			share := Percent(100 / float64(n))
			from := 10*time.Second + dice.Below(10*time.Second)
			fault := Span{from, from + longer(rate)}
			return Course{Length: fault.To, Fault: fault, Answer: func(at time.Duration, luck Draw) Answer {
				if fault.Has(at) && luck.Hits(share) {
					return hang
				}
				return good(luck.Around(median))
			}}
		},
	)
}

// wandering returns the world of errors that go up and down.
func wandering() World {
	return newWorld(
		"wanders-2-to-6",
		"The share of calls that fail goes from 2 to 6 % and back, every 20 s.",
		func(dice *Dice, rate int) Course {
			const half = 10 * time.Second
			phase := dice.Below(2 * half)
			return Course{Length: 2 * longer(rate), Answer: func(at time.Duration, luck Draw) Answer {
				up := (at + phase) % (2 * half)
				if up > half {
					up = 2*half - up
				}
				share := Percent(2) + Percent(4)/Share(half/time.Millisecond)*Share(up/time.Millisecond) //nolint:gosec // small
				if luck.Hits(share) {
					return failed(luck.Around(median))
				}
				return good(luck.Around(median))
			}}
		},
	)
}

// flapping returns the world that is well and down by turns.
func flapping() World {
	return newWorld(
		"flaps-2s",
		"Well for 2 s and down for 2 s, by turns.",
		func(dice *Dice, rate int) Course {
			const turn = 2 * time.Second
			phase := dice.Below(2 * turn)
			return Course{Length: longer(rate), Answer: func(at time.Duration, luck Draw) Answer {
				if (at+phase)%(2*turn) >= turn {
					return failed(luck.Around(median))
				}
				return good(luck.Around(median))
			}}
		},
	)
}
