package capacity

import (
	"time"
)

// CPU is a processor with a run queue, as Go has it: goroutines that are new run before
// those that let others go first. It is for the goroutines of one bubble.
type CPU struct {
	free    int
	first   []chan struct{}
	last    []chan struct{}
	lock    chan struct{}
	waits   uint64
	waited  time.Duration
	percent func() int // of the speed that is there
}

// newCPU returns a processor with so many cores.
func newCPU(cores int, percent func() int) *CPU {
	return &CPU{free: cores, lock: make(chan struct{}, 1), percent: percent}
}

// run works for d, when it is the goroutine's turn.
func (c *CPU) run(d time.Duration) { c.runAs(d, &c.first) }

// runAs works for d, in line in the queue.
func (c *CPU) runAs(d time.Duration, queue *[]chan struct{}) {
	c.lock <- struct{}{}
	began := time.Now()
	c.waits++
	if c.free == 0 {
		turn := make(chan struct{})
		*queue = append(*queue, turn)
		<-c.lock
		<-turn
		c.lock <- struct{}{}
		c.waited += time.Since(began)
	} else {
		c.free--
	}
	<-c.lock
	if d > 0 {
		time.Sleep(d * 100 / time.Duration(c.percent()))
	}
	c.lock <- struct{}{}
	switch {
	case len(c.first) > 0:
		close(c.first[0])
		c.first = c.first[1:]
	case len(c.last) > 0:
		close(c.last[0])
		c.last = c.last[1:]
	default:
		c.free++
	}
	<-c.lock
}

// Waits implements pressure.Scheduler.
func (c *CPU) Waits() (uint64, time.Duration) {
	c.lock <- struct{}{}
	defer func() { <-c.lock }()
	return c.waits, c.waited
}

// Yield implements pressure.Scheduler.
func (c *CPU) Yield() { c.runAs(0, &c.last) }
