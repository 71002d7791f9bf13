package main

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/sony/gobreaker/v2"

	"github.com/afloat-go/afloat/internal/lab"
)

// openFor is how long the breakers of other libraries stay open, of all the same.
const openFor = 5 * time.Second

// gobreakerRun opens after more than five failures in a row, which is its default.
func gobreakerRun() lab.System {
	return gobreakerOf("gobreaker, 6 in a row", gobreaker.Settings{Timeout: openFor})
}

// gobreakerRatio opens at half of the calls of ten seconds.
func gobreakerRatio() lab.System {
	return gobreakerOf("gobreaker, 50 %", gobreaker.Settings{
		Timeout: openFor, Interval: 10 * time.Second, BucketPeriod: time.Second,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.Requests >= 20 && 2*c.TotalFailures >= c.Requests },
	})
}

func gobreakerOf(name string, s gobreaker.Settings) lab.System {
	return lab.System{Name: name, New: func(*lab.World, string) (lab.Guard, error) {
		g, own := new(goBreaker), s // systems are made for several runs at once
		own.OnStateChange = func(string, gobreaker.State, gobreaker.State) { g.transitions++ }
		g.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](own)
		return g, nil
	}}
}

// goBreaker is a guard by gobreaker.
type goBreaker struct {
	breaker     *gobreaker.TwoStepCircuitBreaker[struct{}]
	transitions int
}

// Admit asks the breaker, and keeps whom to tell of the end.
func (g *goBreaker) Admit(call *lab.Call) bool {
	done, err := g.breaker.Allow()
	call.State = done
	return err == nil
}

// End tells.
func (*goBreaker) End(call *lab.Call, err error) {
	call.State.(func(error))(err) //nolint:errcheck,forcetypeassert // Admit stored it
}

// Transitions returns how many there were.
func (g *goBreaker) Transitions() int { return g.transitions }

// failsafeRatio is the way that failsafe-go's documentation shows first.
func failsafeRatio() lab.System {
	return lab.System{Name: "failsafe-go, 50 %", New: func(*lab.World, string) (lab.Guard, error) {
		g := new(failsafe)
		g.breaker = circuitbreaker.NewBuilder[any]().
			WithFailureRateThreshold(0.5, 20, 10*time.Second).WithDelay(openFor).
			OnStateChanged(func(circuitbreaker.StateChangedEvent) { g.transitions++ }).
			Build()
		return g, nil
	}}
}

// failsafe is a guard by failsafe-go.
type failsafe struct {
	breaker     circuitbreaker.CircuitBreaker[any]
	transitions int
}

// Admit asks the breaker.
func (g *failsafe) Admit(*lab.Call) bool { return g.breaker.TryAcquirePermit() }

// End records how the call ended.
func (g *failsafe) End(_ *lab.Call, err error) {
	if err != nil {
		g.breaker.RecordError(err)
		return
	}
	g.breaker.RecordSuccess()
}

// Transitions returns how many there were.
func (g *failsafe) Transitions() int { return g.transitions }
