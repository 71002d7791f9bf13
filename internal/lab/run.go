package lab

import (
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/internal/chance"
)

// Run sets a system against a world, at a number of calls a second, with the luck of a
// seed. It runs in virtual time of its own. With a view, it also tells what happened when.
// From then on, the random numbers of this process's policies are the same in each run.
func Run(w *World, s System, rate int, seed uint64, view *View) (Result, error) {
	chance.Fix(luckOfPolicies)
	var r Result
	var err error
	if s.Timeless {
		return run(w, s, rate, seed, view)
	}
	Virtually(func() { r, err = run(w, s, rate, seed, view) })
	return r, err
}

// luckOfPolicies is what the random numbers of policies are made from, with their names.
const luckOfPolicies = 1

func run(w *World, s System, rate int, seed uint64, view *View) (Result, error) {
	dice := NewDice(seed)
	d := &driver{world: w, system: &s, dice: dice, course: w.Begin(dice, rate), gap: time.Second / time.Duration(rate)}
	if s.Blocks {
		d.door = newDoor()
	}
	if !s.Timeless {
		if s.ofPolicies {
			toOrigin()
		}
		d.start = time.Now()
	}
	d.result = newResult(&d.course, w, view)
	if view != nil {
		view.Fault = d.course.Fault
	}
	for i := range max(1, w.Clients) {
		g, err := s.New(w, fmt.Sprintf("%s/%d/%d/%d", w.Name, rate, seed, i))
		if err != nil {
			return Result{}, err
		}
		d.guards = append(d.guards, g)
	}
	d.drive()
	for _, g := range d.guards {
		if g, ok := g.(Stater); ok {
			d.result.Transitions += g.Transitions()
		}
	}
	d.result.finish()
	return d.result, nil
}

// driver orders the events of one run.
type driver struct {
	world  *World
	system *System
	course Course
	dice   *Dice
	gap    time.Duration // between calls, on average
	guards []Guard
	door   *door // nil if no guard blocks

	start  time.Time
	now    time.Duration
	ends   ends
	sent   uint64
	free   []*Call
	result Result
}

// drive makes calls until the world ends, and ends them all.
func (d *driver) drive() {
	next := d.after(0)
	for {
		end := d.ends.next()
		switch {
		case end <= next && end != Never:
			if d.moveTo(end) {
				d.end(d.ends.pop().call)
			}
		case next != Never:
			if d.moveTo(next) {
				d.call()
				next = d.after(next)
			}
		case d.door != nil && d.door.waiting > 0:
			d.moveTo(d.now + d.world.Deadline)
		default:
			return
		}
		d.answers()
	}
}

// answers takes up what was decided on calls that wait.
func (d *driver) answers() {
	for d.door != nil {
		call := d.door.answered()
		if call == nil {
			return
		}
		d.decided(call)
	}
}

// after returns when the next call comes, Never if the world is over by then.
func (d *driver) after(at time.Duration) time.Duration {
	gap := d.gap
	if d.course.Surge != nil {
		gap /= time.Duration(d.course.Surge(at))
	}
	if at += d.dice.gap(gap); at >= d.course.Length {
		return Never
	}
	return at
}

// toOrigin moves virtual time to where policies count instants from, so that windows
// begin alike in each run, whenever the process was started.
func toOrigin() {
	time.Sleep(policy.Instant(time.Hour).Sub(policy.Now()))
}

// moveTo moves the clock to an event, or to the end of the pause that it falls into. It
// reports whether it did: a call that waits may be decided on before.
func (d *driver) moveTo(at time.Duration) bool {
	for len(d.course.Pauses) > 0 && d.course.Pauses[0].To <= at {
		d.course.Pauses = d.course.Pauses[1:]
	}
	if len(d.course.Pauses) > 0 && d.course.Pauses[0].Has(at) {
		at = d.course.Pauses[0].To
	}
	switch {
	case at <= d.now:
		return true
	case d.system.Timeless:
	case d.door != nil && d.door.waiting > 0:
		if call := d.door.await(at - d.now); call != nil {
			d.now = time.Since(d.start)
			d.decided(call)
			return false
		}
	default:
		time.Sleep(at - d.now)
	}
	d.now = at
	return true
}

// call makes a call, and asks its guard.
func (d *driver) call() {
	call := d.take()
	call.guard = d.guards[0]
	if len(d.guards) > 1 {
		call.guard = d.guards[d.dice.pcg.Uint64()%uint64(len(d.guards))]
	}
	call.luck = d.dice.draw()
	if !d.world.Feedback {
		call.answer = d.course.Answer(d.now, call.luck)
		d.result.could(d.now, call.answer, d.world.Deadline)
	}
	call.At, call.Deadline = d.now, d.now+d.world.Deadline
	if !d.system.Timeless {
		call.Began = d.start.Add(d.now)
	}
	if d.door != nil {
		d.door.ask(call)
		return
	}
	call.admitted = call.guard.Admit(call)
	d.decided(call)
}

// decided sends a call, if its guard admitted it.
func (d *driver) decided(call *Call) {
	d.result.came(call.At, call.admitted)
	if !call.admitted {
		d.result.refused(call.refusedBy)
		call.refusedBy = ""
		d.free = append(d.free, call)
		return
	}
	if d.world.Feedback {
		call.answer = d.course.Answer(d.now, call.luck)
	}
	call.ends = d.now + min(call.answer.After, Never-d.now)
	d.sent++
	d.ends.push(end{min(call.ends, call.Deadline), d.sent, call})
}

// end ends a call: with its answer, or at its deadline.
func (d *driver) end(call *Call) {
	err := call.answer.Err
	if d.late(call) {
		err = errDeadline
	}
	call.Now = d.now
	call.guard.End(call, err)
	d.result.ended(call, d.now, err == nil)
	d.free = append(d.free, call)
}

// late reports whether a call ran out of time. After a pause in which it was answered
// too, that is a matter of luck.
func (d *driver) late(call *Call) bool {
	if call.ends > call.Deadline {
		return true
	}
	return d.now >= call.Deadline && call.ends < d.now && call.luck.HitsToo(Percent(50))
}

// take returns a call that nobody uses.
func (d *driver) take() *Call {
	if n := len(d.free); n > 0 {
		call := d.free[n-1]
		d.free = d.free[:n-1]
		return call
	}
	return new(Call)
}
