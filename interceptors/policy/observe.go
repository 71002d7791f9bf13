package policy

import "context"

// Observe wraps o so that it may be nil and may panic: what it returns is
// never nil and never panics. Policies that report call it once, when built.
func Observe(o Observer) Observer {
	switch o := o.(type) {
	case nil:
		return NopObserver{}
	case NopObserver, contained:
		return o
	default:
		return contained{o}
	}
}

// contained stops the panics of an observer.
type contained struct{ Observer }

func (c contained) Admitted(ctx context.Context, call Call, a Admitted) {
	defer contain()
	c.Observer.Admitted(ctx, call, a)
}

func (c contained) Rejected(ctx context.Context, call Call, err error) {
	defer contain()
	c.Observer.Rejected(ctx, call, err)
}

func (c contained) Settled(ctx context.Context, call Call, o Outcome) {
	defer contain()
	c.Observer.Settled(ctx, call, o)
}

func (c contained) Transition(t Transition) {
	defer contain()
	c.Observer.Transition(t)
}

func (c contained) Late(l Late) {
	defer contain()
	c.Observer.Late(l)
}

func (c contained) Leaked(call Call) {
	defer contain()
	c.Observer.Leaked(call)
}

func contain() { _ = recover() }
