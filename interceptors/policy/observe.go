package policy

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Observe returns an observer that passes everything on to o and is never nil
// and never panics, though o may, also as a nil pointer. A policy that reports to an observer calls it
// once, when it is built.
func Observe(o Observer) Observer {
	if validate.IsNil(o) {
		return NopObserver{}
	}
	switch o := o.(type) {
	case NopObserver, contained, located:
		return o
	default:
		return contained{o}
	}
}

// contained stops the panics of an observer.
type contained struct{ Observer }

func (c contained) Admitted(ctx context.Context, call *Call, a Admitted) (out context.Context) {
	out = ctx
	defer contain.Panic()
	if own := c.Observer.Admitted(ctx, call, a); own != nil {
		out = own
	}
	return out
}

func (c contained) Rejected(ctx context.Context, call *Call, r Rejected) {
	defer contain.Panic()
	c.Observer.Rejected(ctx, call, r)
}

func (c contained) Settled(ctx context.Context, call *Call, o *Outcome) {
	defer contain.Panic()
	c.Observer.Settled(ctx, call, o)
}

func (c contained) Transition(t Transition) {
	defer contain.Panic()
	c.Observer.Transition(t)
}

func (c contained) Late(l Late) {
	defer contain.Panic()
	c.Observer.Late(l)
}

func (c contained) Leaked(call *Call) {
	defer contain.Panic()
	c.Observer.Leaked(call)
}

func (c contained) Overran(call *Call, o Overrun) {
	defer contain.Panic()
	c.Observer.Overran(call, o)
}

// InterestOf returns what o needs to hear: what it says if it is [Selective], else
// every admission. If o panics, it needs nothing extra. It is for observers that wrap
// another one.
func InterestOf(o Observer) (i Interest) {
	s, ok := o.(Selective)
	if !ok {
		return Interest{EveryAdmission: true}
	}
	defer contain.Panic()
	i = s.Interest()
	i.Instants &= WantsStart | WantsResponse | WantsEnd
	return i
}

// located adds target and side to what the policies of one key report.
type located struct {
	Observer

	target string
	side   Side
}

// Locate returns an observer that passes everything on to o and adds the target and
// the side to what policies report. It never panics, though o may. Whoever makes
// policies for the calls of one target gives it to them.
func Locate(o Observer, target string, side Side) Observer {
	o = Observe(o)
	if o == (NopObserver{}) {
		return o
	}
	return located{o, target, side}
}

func (l located) Transition(t Transition) {
	t.Target, t.Side = l.target, l.side
	l.Observer.Transition(t)
}

func (l located) Late(late Late) {
	late.Target, late.Side = l.target, l.side
	l.Observer.Late(late)
}
