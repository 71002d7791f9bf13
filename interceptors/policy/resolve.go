package policy

import "time"

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
	key.Observer = r.observer
	if t.Scope == PerMethod {
		p, err := t.New(key)
		e.own = append(e.own, p)
		return p, err
	}
	at := scopedKey{matched, i, call.Side, key.Target, key.Name}
	if p, ok := r.scoped[at]; ok {
		e.shared = append(e.shared, at)
		return p, nil
	}
	p, err := t.New(key)
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
	r.table.drop((*entry).idle)
	r.dropUnshared()
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

// dropUnshared forgets shared policies that no key uses any more.
func (r *Rules) dropUnshared() {
	used := make(map[scopedKey]bool, len(r.scoped))
	for e := range r.table.entries() {
		for _, at := range e.shared {
			used[at] = true
		}
	}
	for at := range r.scoped {
		if !used[at] {
			delete(r.scoped, at)
		}
	}
}

// Idler is implemented by a policy that knows when nothing would be lost if it
// were dropped and made anew: nothing in flight, nothing remembered. Rules
// never drop a policy that is not an Idler.
type Idler interface {
	Idle() bool
}

// idle reports whether the entry and all policies that are its own can go.
func (e *entry) idle() bool {
	for _, p := range e.own {
		if i, ok := p.(Idler); !ok || !i.Idle() {
			return false
		}
	}
	return true
}
