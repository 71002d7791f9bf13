package lab

import (
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Run sets a system against a world, at a number of calls a second, with the luck of a
// seed. It runs in virtual time of its own. With a view, it also tells what happened when.
func Run(w *World, s System, rate int, seed uint64, view *View) (Result, error) {
	var r Result
	var err error
	if s.Timeless {
		return run(w, s, rate, seed, view)
	}
	Virtually(func() { r, err = run(w, s, rate, seed, view) })
	return r, err
}

func run(w *World, s System, rate int, seed uint64, view *View) (Result, error) {
	dice := NewDice(seed)
	d := &driver{world: w, dice: dice, course: w.Begin(dice, rate), gap: time.Second / time.Duration(rate), timeless: s.Timeless}
	d.result = newResult(&d.course, w, view)
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
	world    *World
	course   Course
	dice     *Dice
	gap      time.Duration // between calls, on average
	guards   []Guard
	timeless bool

	start  time.Time
	now    time.Duration
	ends   ends
	sent   uint64
	free   []*Call
	result Result
}

// drive makes calls until the world ends, and ends them all.
func (d *driver) drive() {
	if !d.timeless {
		toOrigin()
		d.start = time.Now()
	}
	next := d.after(0)
	for {
		end := d.ends.next()
		switch {
		case end <= next && end != Never:
			d.moveTo(end)
			d.end(d.ends.pop().call)
		case next == Never:
			return
		default:
			d.moveTo(next)
			d.call()
			next = d.after(next)
		}
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

// moveTo moves the clock to an event, or to the end of the pause that it falls into.
func (d *driver) moveTo(at time.Duration) {
	for len(d.course.Pauses) > 0 && d.course.Pauses[0].To <= at {
		d.course.Pauses = d.course.Pauses[1:]
	}
	if len(d.course.Pauses) > 0 && d.course.Pauses[0].Has(at) {
		at = d.course.Pauses[0].To
	}
	if at <= d.now {
		return
	}
	if !d.timeless {
		time.Sleep(at - d.now)
	}
	d.now = at
}

// call makes a call, and sends it if its guard admits it.
func (d *driver) call() {
	g := d.guards[0]
	if len(d.guards) > 1 {
		g = d.guards[d.dice.pcg.Uint64()%uint64(len(d.guards))]
	}
	luck := d.dice.draw()
	var answer Answer
	if !d.world.Feedback {
		answer = d.course.Answer(d.now, luck)
		d.result.could(d.now, answer, d.world.Deadline)
	}
	call := d.take()
	call.At, call.Deadline = d.now, d.now+d.world.Deadline
	if !d.timeless {
		call.Began = d.start.Add(d.now)
	}
	admitted := g.Admit(call)
	d.result.came(d.now, admitted)
	if !admitted {
		d.free = append(d.free, call)
		return
	}
	if d.world.Feedback {
		answer = d.course.Answer(d.now, luck)
	}
	d.send(call, g, answer, luck)
}

// send puts a call in flight.
func (d *driver) send(call *Call, g Guard, answer Answer, luck Draw) {
	call.guard, call.answer, call.luck = g, answer, luck
	call.ends = d.now + min(answer.After, Never-d.now)
	d.sent++
	d.ends.push(end{min(call.ends, call.Deadline), d.sent, call})
}

// end ends a call: with its answer, or at its deadline.
func (d *driver) end(call *Call) {
	err := call.answer.Err
	if d.late(call) {
		err = errDeadline
	}
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
