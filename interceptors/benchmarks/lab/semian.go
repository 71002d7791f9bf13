package main

import (
	"time"

	"github.com/afloat-go/afloat/internal/lab"
)

// adaptive is the adaptive breaker of Shopify's Semian, as its sources describe it: each
// second, a PID controller turns the share of failed calls of the last ten seconds, less
// the share that is usual, into the share of calls to refuse.
type adaptive struct {
	dice                *lab.Dice
	window              [adaptiveSeconds]outcomes
	second              int64
	rejection, integral float64
	usual               float64
	observations        int
}

// outcomes counts the calls of a second.
type outcomes struct{ good, bad int }

const (
	adaptiveSeconds  = 10
	proportionalGain = 1.0
	integralGain     = 0.2
	mostIntegral     = 10.0
	// What is usual is smoothed, slower upwards than downwards, and slower still after
	// half an hour. More than a tenth is never usual.
	usualAtFirst, mostUsual = 0.05, 0.1
	earlyUp, earlyDown      = 0.017, 0.095
	laterUp, laterDown      = 0.0083, 0.049
	early                   = 30 * 60
)

// semian returns the system.
func semian() lab.System {
	return lab.System{
		Name: "Semian, adaptive", Timeless: true,
		New: func(_ *lab.World, name string) (lab.Guard, error) {
			return &adaptive{dice: diceOf(name), usual: usualAtFirst}, nil
		},
	}
}

// Admit refuses the share that the controller says.
func (a *adaptive) Admit(call *lab.Call) bool {
	a.moveTo(call.At)
	return !a.dice.Hits(lab.Percent(100 * a.rejection))
}

// End counts.
func (a *adaptive) End(call *lab.Call, err error) {
	a.moveTo(call.Now)
	o := &a.window[a.second%adaptiveSeconds]
	if err == nil {
		o.good++
	} else {
		o.bad++
	}
}

// moveTo runs the controller for each second that is over.
func (a *adaptive) moveTo(at time.Duration) {
	for now := int64(at / time.Second); a.second < now; {
		a.control()
		a.second++
		a.window[a.second%adaptiveSeconds] = outcomes{}
	}
}

// control is one step of the controller. The conversions keep machines from computing
// two operations as one, which rounds differently.
func (a *adaptive) control() {
	rate := a.failed()
	a.observe(rate)
	above := rate - a.usual
	p := above - float64((1-above)*a.rejection)
	a.integral += p
	a.rejection = clamp(a.rejection+float64(proportionalGain*p)+float64(integralGain*a.integral), 0, 1)
	a.integral = clamp(a.integral, -mostIntegral, mostIntegral)
}

// failed returns the share of failed calls in the window.
func (a *adaptive) failed() float64 {
	var sum outcomes
	for _, o := range a.window {
		sum.good, sum.bad = sum.good+o.good, sum.bad+o.bad
	}
	if sum.good+sum.bad == 0 {
		return 0
	}
	return float64(sum.bad) / float64(sum.good+sum.bad)
}

// observe smooths what is usual.
func (a *adaptive) observe(rate float64) {
	if rate > mostUsual {
		return
	}
	a.observations++
	up, down := earlyUp, earlyDown
	if a.observations >= early {
		up, down = laterUp, laterDown
	}
	alpha := down
	if rate > a.usual {
		alpha = up
	}
	a.usual = float64(alpha*rate) + float64((1-alpha)*a.usual)
}

func clamp(x, least, most float64) float64 { return min(max(x, least), most) }
