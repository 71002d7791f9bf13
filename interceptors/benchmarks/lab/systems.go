package main

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/internal/lab"
)

// The names of afloat's systems.
const (
	nameAfloat  = "afloat"
	nameByHand  = "afloat, SlowAfter by hand"
	nameClassic = "afloat, classic thresholds"
	nameSpeed   = "afloat, for speed"
)

// others returns the systems beside afloat's default.
func others() []lab.System {
	return []lab.System{
		lab.Breaker(nameByHand, byHand(3, breaker.Config{})),
		lab.Breaker(nameClassic, fixed(classic())),
		lab.Breaker("afloat, classic, by hand", byHand(3, classic())),
		gobreakerRun(), gobreakerRatio(), failsafeRatio(), sreThrottle(), semian(),
	}
}

// afloat is the breaker without any setting.
func afloat() lab.System { return lab.Breaker(nameAfloat, fixed(breaker.Config{})) }

// forSpeed would rather answer less than slowly: it opens where one call of five is slow.
func forSpeed() lab.System {
	return lab.Breaker(nameSpeed, byHand(3, breaker.Config{SlowRatio: 0.2}))
}

// classic sets the thresholds that breakers usually have: what afloat's was without any
// setting before it weighed its evidence.
func classic() breaker.Config {
	return breaker.Config{FailureRatio: 0.5, MinCalls: 20, ConsecutiveFailures: 10}
}

func fixed(cfg breaker.Config) func(*lab.World) breaker.Config {
	return func(*lab.World) breaker.Config { return cfg }
}

// byHand sets SlowAfter to so many times what 99 of 100 healthy calls take, as somebody
// would who has measured that.
func byHand(times float64, cfg breaker.Config) func(*lab.World) breaker.Config {
	return func(w *lab.World) breaker.Config {
		cfg := cfg
		cfg.SlowAfter = max(time.Duration(times*float64(w.Healthy)).Round(time.Millisecond), time.Millisecond)
		return cfg
	}
}

// byHandEach are settings of SlowAfter, one of which is the best in a world.
func byHandEach() []lab.System {
	var all []lab.System
	for _, times := range []float64{1.2, 1.5, 2, 3} {
		all = append(all, lab.Breaker(fmt.Sprintf("afloat, SlowAfter = %.1f × p99", times), byHand(times, breaker.Config{})))
	}
	return all
}

// diceOf returns the dice of a guard.
func diceOf(name string) *lab.Dice {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // it never fails
	return lab.NewDice(h.Sum64())
}
