package timeout

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// clock counts time towards a bound, and stands still in between. The stream's lock
// guards it. A clock that has no time at all never runs: there is no such bound, or it
// does not matter any more.
type clock struct {
	left time.Duration // until the time is up, when it last began to run
	up   func()        // called when it is
	full time.Duration // what it begins with again, if it ever does

	timer   *time.Timer // nil until it first runs
	running bool
	since   policy.Instant // it runs
}

// runIf lets the clock run or stand.
func (c *clock) runIf(runs bool) {
	if runs {
		c.run()
	} else {
		c.stand()
	}
}

// run lets the clock run.
func (c *clock) run() {
	if c.left <= 0 || c.running {
		return
	}
	c.running, c.since = true, policy.Now()
	if c.timer == nil {
		c.timer = time.AfterFunc(c.left, c.up)
		return
	}
	c.timer.Reset(c.left)
}

// stand stops the clock for a while.
func (c *clock) stand() {
	if !c.running {
		return
	}
	c.running = false
	if c.timer.Stop() {
		c.left = max(1, c.left-policy.Now().Sub(c.since)) // a timer that is only late is due at once
		return
	}
	c.left = 0 // its time is up
}

// again gives the clock all its time again, unless it was up.
func (c *clock) again() {
	was := c.running
	c.stand()
	if c.left > 0 {
		c.left = c.full
	}
	c.runIf(was)
}

// end stops the clock for good.
func (c *clock) end() {
	c.stand()
	c.left = 0
}
