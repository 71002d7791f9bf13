package lab

import (
	"testing/synctest"
	"time"
)

// door is where calls wait whose guard may block. Each is asked about in a goroutine of
// its own, while the driver goes on. The zero door admits nobody.
type door struct {
	answers chan *Call
	waiting int
}

// newDoor returns a door at which nobody waits.
func newDoor() *door { return &door{answers: make(chan *Call)} }

// ask asks the guard of a call.
func (d *door) ask(call *Call) {
	d.waiting++
	go func() {
		call.admitted = call.guard.Admit(call)
		d.answers <- call
	}()
}

// answered returns a call that was decided on by now, nil if there is none. It first lets
// all goroutines run that can.
func (d *door) answered() *Call {
	synctest.Wait()
	select {
	case call := <-d.answers:
		d.waiting--
		return call
	default:
		return nil
	}
}

// await waits for so long, or until a call is decided on, which it returns.
func (d *door) await(wait time.Duration) *Call {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case call := <-d.answers:
		d.waiting--
		return call
	case <-timer.C:
		return nil
	}
}
