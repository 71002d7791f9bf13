package capacity

import (
	"math"
	"time"
)

// Shape is how load and capacity go over time.
type Shape struct {
	// Name is what it is called in tables.
	Name string
	// Length is how long it lasts.
	Length time.Duration
	// Load is that at a time, as a share of the service's capacity.
	Load func(at time.Duration) float64
	// Burst and Every: so many calls come at once, every so often. Zero: none do.
	Burst int
	Every time.Duration
	// Pause and PauseEvery: nothing begins or ends for so long, every so often, as while
	// a collector of garbage works.
	Pause, PauseEvery time.Duration
	// Percent is how much of the capacity is there at a time. Nil: all.
	Percent func(at time.Duration) int
}

// constant returns a load that stays.
func constant(load float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return load }
}

// step returns a load that changes once.
func step(before, after float64, at time.Duration) func(time.Duration) float64 {
	return func(now time.Duration) float64 {
		if now < at {
			return before
		}
		return after
	}
}

// sine returns a load that goes up and down.
func sine(mean, swing float64, period time.Duration) func(time.Duration) float64 {
	return func(now time.Duration) float64 {
		return mean + swing*math.Sin(2*math.Pi*now.Seconds()/period.Seconds())
	}
}

// ramp returns a load that grows evenly.
func ramp(from, to float64, over time.Duration) func(time.Duration) float64 {
	return func(now time.Duration) float64 {
		return from + (to-from)*min(1, now.Seconds()/over.Seconds())
	}
}

// halved returns a capacity that halves and returns.
func halved(from, to time.Duration) func(time.Duration) int {
	return func(now time.Duration) int {
		if now >= from && now < to {
			return 50
		}
		return 100
	}
}

// Shapes returns the shapes of load that are more than can be answered at some time.
func Shapes() []Shape {
	const length = 20 * time.Second
	return []Shape{
		{Name: "cold 1.4", Length: length, Load: constant(1.4)},
		{Name: "cold 2", Length: length, Load: constant(2)},
		{Name: "cold 4", Length: length, Load: constant(4)},
		{Name: "step 0.8 to 1.4", Length: length, Load: step(0.8, 1.4, 8*time.Second)},
		{Name: "step 0.5 to 4", Length: length, Load: step(0.5, 4, 8*time.Second)},
		{Name: "ramp 0.5 to 3", Length: length, Load: ramp(0.5, 3, 15*time.Second)},
		{Name: "sine 1.2", Length: length, Load: sine(1.2, 0.8, 5*time.Second)},
		{Name: "halves and returns", Length: 30 * time.Second, Load: constant(0.9), Percent: halved(10*time.Second, 20*time.Second)},
	}
}

// Calm returns the shapes of load under which nobody must be refused.
func Calm(length time.Duration) []Shape {
	return []Shape{
		{Name: "0.79", Length: length, Load: constant(0.79)},
		{Name: "0.7 and bursts", Length: length, Load: constant(0.7), Burst: 50, Every: 10 * time.Second},
		{Name: "0.7 and pauses", Length: length, Load: constant(0.7), Pause: 20 * time.Millisecond, PauseEvery: time.Second},
	}
}
