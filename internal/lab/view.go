package lab

import "time"

// View is what happened in one run, by time, to be drawn.
type View struct {
	// Step is the time that each moment stands for.
	Step time.Duration
	// Fault is that of the world.
	Fault Span
	// Moments are in order, from the start.
	Moments []Moment
}

// Moment counts the calls that came in a step, and what became of them.
type Moment struct{ Calls, Sent, Good, Slow int }

// moment returns the one of a time.
func (v *View) moment(at time.Duration) *Moment {
	i := int(at / v.Step)
	for len(v.Moments) <= i {
		v.Moments = append(v.Moments, Moment{})
	}
	return &v.Moments[i]
}

func (v *View) came(at time.Duration, admitted bool) {
	m := v.moment(at)
	m.Calls++
	if admitted {
		m.Sent++
	}
}

func (v *View) ended(at time.Duration, good, slow bool) {
	m := v.moment(at)
	if good {
		m.Good++
	}
	if slow {
		m.Slow++
	}
}
