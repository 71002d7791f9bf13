package policy

import (
	"maps"
	"slices"
	"time"
)

// resolveNew makes the entry of a method that was not seen before.
func (r *Rules) resolveNew(call Call) *Chain {
	matched := r.set.find(call.Method)
	if matched == nil || len(matched.Policies) == 0 {
		return nil
	}
	if r.knownFull() {
		return r.overflow(matched, call)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.table.lookup(call); c != nil {
		return c
	}
	if !r.hasRoom() {
		return r.overflow(matched, call)
	}
	e := &entry{method: call.Method, target: call.Target, side: call.Side}
	chain, err := matched.chain(call.Side, func(i int) (Policy, error) {
		return r.policy(matched, i, call, e)
	}, r.options...)
	if err != nil {
		// A template that worked when the rules were built fails now. What it
		// made then guards the call.
		return r.overflow(matched, call)
	}
	e.chain = chain
	r.table.insert(e)
	return chain
}

// overflow counts a call that gets no key of its own.
func (r *Rules) overflow(matched *rule, call Call) *Chain {
	r.overflowed.Add(1)
	return matched.overflow[call.Side]
}

// policy makes the i-th policy of a rule for call, or finds the one that call
// shares with others.
func (r *Rules) policy(matched *rule, i int, call Call, e *entry) (Policy, error) {
	t := matched.Policies[i]
	key := t.keyOf(call)
	key.Observer = locate(r.observer, key.Target, call.Side)
	if t.Scope == PerMethod {
		p, err := t.make(i, key)
		e.own = append(e.own, p)
		return p, err
	}
	at := scopedKey{matched, i, call.Side, key.Target, key.Name}
	if p, ok := r.scoped[at]; ok {
		e.shared = append(e.shared, at)
		return p, nil
	}
	p, err := t.make(i, key)
	if err == nil {
		r.scoped[at] = p
		e.shared = append(e.shared, at)
	}
	return p, err
}

// sweepEvery is how often full rules look for idle keys.
const sweepEvery = time.Second

// hasRoom reports whether one more key fits, after dropping idle ones if need
// be.
func (r *Rules) hasRoom() bool {
	if r.table.size < r.maxKeys {
		return true
	}
	r.sweep()
	if r.table.size < r.maxKeys {
		return true
	}
	r.fullUntil.Store(int64(Now().Add(sweepEvery)))
	return false
}

// knownFull reports whether a sweep found no room a short while ago, so that a
// flood of new methods costs no more than reading the clock.
func (r *Rules) knownFull() bool {
	until := r.fullUntil.Load()
	return until != 0 && Now() < Instant(until)
}

// sweep drops idle keys, and shared policies that no key uses any more. While
// a shared policy is busy, one of its keys stays and keeps it.
func (r *Rules) sweep() {
	used := make(map[scopedKey]bool, len(r.scoped))
	r.table.drop(func(e *entry) bool {
		keep := slices.ContainsFunc(e.own, busy) || slices.ContainsFunc(e.shared, func(at scopedKey) bool {
			return !used[at] && busy(r.scoped[at])
		})
		if keep {
			for _, at := range e.shared {
				used[at] = true
			}
		}
		return !keep
	})
	maps.DeleteFunc(r.scoped, func(at scopedKey, _ Policy) bool { return !used[at] })
}

// Idler is implemented by a policy that knows when nothing would be lost if it
// were dropped and made anew: nothing in flight, nothing remembered. Rules
// never drop a policy that is not an Idler. What an Update has changed on one key
// goes with it: a change that must last belongs in the rules.
type Idler interface {
	Idle() bool
}

// busy reports whether something would be lost if p were dropped.
func busy(p Policy) bool {
	i, ok := p.(Idler)
	return !ok || !i.Idle()
}
