package lab

import "time"

// slowness returns the worlds in which answers come late, but in time.
func slowness() []World {
	alone, with := slows(), slows()
	with.Name += "-fallback"
	with.About += " Callers have something else to use."
	with.Fallback = true
	return []World{alone, with, creeps(), slowerForGood()}
}

// slows returns the world that answers in 200 ms for a while.
func slows() World {
	return newWorld(
		"slows-10s",
		"Calls take 7 ms; then, for 10 s, 200 ms; then 7 ms again.",
		func(dice *Dice, _ int) Course {
			from := 20*time.Second + dice.Below(10*time.Second)
			fault := Span{from, from + 10*time.Second}
			return Course{Length: fault.To + afterOutage, Fault: fault, Answer: func(at time.Duration, luck Draw) Answer {
				if fault.Has(at) {
					return good(200*time.Millisecond + luck.Around(median)/8)
				}
				return good(luck.Around(median))
			}}
		},
	)
}

// creeps returns the world that gets slower and slower.
func creeps() World {
	w := newWorld(
		"creeps-1-percent",
		"Calls take 1 % longer each minute, for two hours: 3.3 times as long in the end. Nothing is wrong otherwise.",
		func(*Dice, int) Course {
			const length = 2 * time.Hour
			minutes := creeping(int(length / time.Minute))
			return Course{Length: length, Fault: Span{0, length}, Answer: func(at time.Duration, luck Draw) Answer {
				return good(luck.Around(minutes[at/time.Minute]))
			}}
		},
	)
	w.Rates = []int{20}
	return w
}

// creeping returns the median at first, and each next one by a hundredth more.
func creeping(n int) []time.Duration {
	all := make([]time.Duration, n)
	for i, d := 0, median; i < n; i++ {
		all[i] = d
		d += d / 100
	}
	return all
}

// slowerForGood returns the world of a deploy that makes all calls slower.
func slowerForGood() World {
	w := newWorld(
		"deploy-30-percent-slower",
		"After 2 minutes, a deploy makes all calls 30 % slower, for good.",
		func(dice *Dice, _ int) Course {
			from := 2*time.Minute + dice.Below(10*time.Second)
			fault := Span{from, 10 * time.Minute}
			return Course{Length: fault.To, Fault: fault, Answer: func(at time.Duration, luck Draw) Answer {
				if fault.Has(at) {
					return good(luck.Around(median * 13 / 10))
				}
				return good(luck.Around(median))
			}}
		},
	)
	w.Rates = []int{20, 100}
	return w
}
