package capacity

import (
	"math"
	"math/rand/v2"
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
	// Steady: the load stays as it is in the last seconds, above the capacity.
	Steady bool
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

// noise returns a load that jumps to another level every so often, evenly between two.
func noise(least, most float64, every time.Duration) func(time.Duration) float64 {
	return func(now time.Duration) float64 {
		r := rand.New(rand.NewPCG(7, uint64(now/every))) //nolint:gosec // no secret, and never negative
		return least + (most-least)*r.Float64()
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
	const length = 16 * time.Second
	return []Shape{
		{Name: "cold 1.4", Length: length, Load: constant(1.4), Steady: true},
		{Name: "cold 4", Length: length, Load: constant(4), Steady: true},
		{Name: "step 0.8 to 1.4", Length: length, Load: step(0.8, 1.4, stepAt), Steady: true},
		{Name: "step 0.5 to 4", Length: length, Load: step(0.5, 4, stepAt), Steady: true},
		{Name: "step 2 to 1.1", Length: length, Load: step(2, 1.1, stepAt), Steady: true},
		{Name: "ramp 0.5 to 3", Length: length, Load: ramp(0.5, 3, 12*time.Second)},
		{Name: "ramp 3 to 0.5", Length: length, Load: ramp(3, 0.5, 12*time.Second)},
		{Name: "sine 1.2", Length: length, Load: sine(1.2, 0.8, 5*time.Second)},
		{Name: "noise 0.3 to 2.5", Length: length, Load: noise(0.3, 2.5, 700*time.Millisecond)},
		{Name: "bursts over 1.2", Length: length, Load: constant(1.2), Burst: 50, Every: 3 * time.Second},
		{Name: "halves and returns", Length: 24 * time.Second, Load: constant(0.9), Percent: halved(8*time.Second, 14*time.Second)},
		{Name: "halves under 1.5", Length: 24 * time.Second, Load: constant(1.5), Percent: halved(8*time.Second, 14*time.Second)},
	}
}

// stepAt is when the load steps.
const stepAt = 8 * time.Second

// Calm returns the shapes of load under which nobody must be refused.
func Calm(length time.Duration) []Shape {
	return []Shape{
		{Name: "0.79", Length: length, Load: constant(0.79)},
		{Name: "0.7 and bursts", Length: length, Load: constant(0.7), Burst: 50, Every: 10 * time.Second},
		{Name: "0.7 and pauses", Length: length, Load: constant(0.7), Pause: 20 * time.Millisecond, PauseEvery: time.Second},
	}
}
