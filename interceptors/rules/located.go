package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// located remembers the last observer for the policies of a target and side: most keys
// that are made one after the other have the same. The zero located remembers none.
type located struct {
	observer policy.Observer
	target   string
	side     policy.Side
}

// at returns an observer that passes on to o what policies of calls to target, on side,
// report. It must always be asked with the same o.
func (l *located) at(o policy.Observer, target string, side policy.Side) policy.Observer {
	if l.observer == nil || l.target != target || l.side != side {
		*l = located{policy.Locate(o, target, side), target, side}
	}
	return l.observer
}
