package main

import (
	"time"

	"github.com/afloat-go/afloat/internal/lab"
)

// throttle is the client-side throttling of the book Site Reliability Engineering
// (chapter 21): a client refuses a share of its calls by itself, so that it asks for at
// most accepts times as much as was accepted in the last two minutes.
type throttle struct {
	dice   *lab.Dice
	window [throttleBuckets]throttled
	sum    throttled
	last   int64 // the bucket that is filled
}

// throttled counts the calls of a second: all that were asked for, and those that were
// answered.
type throttled struct{ requests, accepts int }

const (
	throttleBuckets = 120
	throttleK       = 2
)

// sreThrottle returns the system.
func sreThrottle() lab.System {
	return lab.System{
		Name: "SRE throttle", Timeless: true,
		New: func(_ *lab.World, name string) (lab.Guard, error) { return &throttle{dice: diceOf(name)}, nil },
	}
}

// Admit refuses with the probability max(0, (requests - K accepts) / (requests + 1)). A
// call that is sent is a request when it ends: one in flight is not one that failed.
func (t *throttle) Admit(call *lab.Call) bool {
	t.moveTo(call.At)
	excess := t.sum.requests - throttleK*t.sum.accepts
	probability := max(0, float64(excess)/float64(t.sum.requests+1))
	if t.dice.Hits(lab.Percent(100 * probability)) {
		t.count(throttled{requests: 1})
		return false
	}
	return true
}

// End counts a call in the second in which it ends.
func (t *throttle) End(call *lab.Call, err error) {
	t.moveTo(call.Now)
	c := throttled{requests: 1}
	if err == nil {
		c.accepts = 1
	}
	t.count(c)
}

// moveTo forgets what is older than the window.
func (t *throttle) moveTo(at time.Duration) {
	for now := int64(at / time.Second); t.last < now; {
		t.last++
		b := &t.window[t.last%throttleBuckets]
		t.sum.requests -= b.requests
		t.sum.accepts -= b.accepts
		*b = throttled{}
	}
}

func (t *throttle) count(c throttled) {
	for _, sum := range []*throttled{&t.sum, &t.window[t.last%throttleBuckets]} {
		sum.requests += c.requests
		sum.accepts += c.accepts
	}
}
