package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// resolveNew makes the entry of a method that was not seen before.
func (r *Rules) resolveNew(call *policy.Call) *policy.Chain {
	g := r.current.Load()
	if !g.set.find(call).guards() {
		return nil
	}
	if r.knownFull() {
		return r.overflow(g, call)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resolveLocked(r.current.Load(), call)
}

// resolveLocked is resolveNew under the lock. g is in force: what an earlier
// generation found no longer counts.
func (r *Rules) resolveLocked(g *generation, call *policy.Call) *policy.Chain {
	if c := g.table.lookup(call); c != nil {
		return c
	}
	if !r.hasRoom(g) {
		r.overflowed.Add(1)
		return r.overflowLocked(g, call)
	}
	b := builder{rules: r, next: g}
	e, err := b.entry(call)
	switch {
	case err != nil:
		// A template that worked when the rules were built fails now.
		r.overflowed.Add(1)
		return r.overflowLocked(g, call)
	case e == nil:
		return nil
	default:
		g.table.insert(e)
		return e.chain
	}
}

// observerFor is the observer for a policy of calls on side.
func (r *Rules) observerFor(key Key, side policy.Side) policy.Observer {
	return policy.Locate(r.observer, key.Target, side)
}
