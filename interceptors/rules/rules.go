package rules

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Rules resolve calls by a list of rules, with one chain per (target, method).
// They are safe for concurrent use. [Rules.Apply] changes them while they work.
// Make them with [New]; the zero Rules must not be used.
//
// [WithMaxKeys] bounds the number of keys, which are pairs of target and method.
// When it is reached, keys whose policies are idle (closed, nothing in flight, nothing
// remembered) are dropped; one that a call still has is found again. If none is idle, the
// calls of a new method share one overflow chain per rule, which has every policy but
// breakers. So do calls whose method or target is longer than [MaxMethodBytes] or
// [MaxTargetBytes], and those that would make the names of all keys longer than 512
// bytes on average; see [Rules.Overflowed].
type Rules struct {
	room     room
	observer policy.Observer // of policies
	heard    policy.Observer // as it was given, nil if nobody is
	options  []policy.ChainOption
	events   Events
	steering Steering

	current    atomic.Pointer[generation]
	overflowed atomic.Uint64

	beside   beside
	applying sync.Mutex // held to change the rules
	mu       sync.Mutex // held to add and to drop keys, and to change the generation
}

// New checks the rules and reports all faults at once: malformed and
// repeated patterns, templates without a function, bad configuration of any
// policy, more than [policy.MaxPolicies] policies.
func New(rules []Rule, opts ...Option) (*Rules, error) {
	r := &Rules{room: room{maxKeys: DefaultMaxKeys}}
	for _, o := range opts {
		o.apply(r)
	}
	r.observer, r.steering.rules = policy.Observe(reporter{policy.Observe(r.heard), &r.events}), r
	var faults []error
	if r.room.maxKeys < 1 || r.room.maxKeys > maxMaxKeys {
		faults = append(faults, fmt.Errorf("rules: max_keys = %d; must be in [1, %d]", r.room.maxKeys, maxMaxKeys))
	}
	m, err := newMatcher(rules, r.observer)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	r.current.Store(newGeneration(m))
	watch(r.heard, r)
	return r, nil
}

// Steering returns what changes the policies of the rules by hand.
func (r *Rules) Steering() *Steering { return &r.steering }

// Events returns what has happened to the policies of the rules lately.
func (r *Rules) Events() *Events { return &r.events }

// Observer returns the observer that was given to [WithObserver], nil if there
// is none.
func (r *Rules) Observer() policy.Observer { return r.heard }

// Resolve returns the chain of call. It is nil if no rule matches or if the rule
// that matches has no policies. Calls of unregistered methods get the overflow
// chain, because a hostile client can make up any number of them.
func (r *Rules) Resolve(call *policy.Call) *policy.Chain {
	g := r.current.Load()
	if call.Unregistered {
		return r.overflowChain(g, call)
	}
	if c := g.table.lookup(call); c != nil {
		return c
	}
	return r.resolveNew(call)
}

// resolveNew makes the entry of a method that was not seen before.
func (r *Rules) resolveNew(call *policy.Call) *policy.Chain {
	g := r.current.Load()
	if !g.matcher.meet(call) {
		return nil
	}
	if !fits(call) || r.room.knownFull() {
		r.overflowed.Add(1)
		return r.overflowChain(g, call)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resolveLocked(r.current.Load(), call)
}

// resolveLocked does what resolveNew does, under the lock. g is in force: what an
// earlier generation found no longer counts.
func (r *Rules) resolveLocked(g *generation, call *policy.Call) *policy.Chain {
	if c := g.table.lookup(call); c != nil {
		return c
	}
	if !r.room.makeFor(g, call) {
		r.overflowed.Add(1)
		return r.overflowLocked(g, call)
	}
	b := builder{rules: r, next: g}
	e, err := b.entry(call, nil)
	switch {
	case err != nil:
		// A template that worked when the rules were built fails now.
		r.overflowed.Add(1)
		return r.overflowLocked(g, call)
	case e == nil:
		return nil
	default:
		g.add(e)
		return e.chain
	}
}

// overflowChain returns the overflow chain of call's rule, nil if there is none.
func (r *Rules) overflowChain(g *generation, call *policy.Call) *policy.Chain {
	at, c := g.overflowOf(call)
	if at.rule == nil || c != nil {
		return c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.overflowLocked(r.current.Load(), call)
}

// overflowLocked makes the chain if need be. g must be in force.
func (r *Rules) overflowLocked(g *generation, call *policy.Call) *policy.Chain {
	at, c := g.overflowOf(call)
	if at.rule == nil || c != nil {
		return c
	}
	b := builder{rules: r, next: g}
	c, err := b.overflow(at)
	if err != nil {
		return nil // unreachable: there are few policies, and none is nil
	}
	g.overflow.Store(at, c)
	return c
}

// Overflowed returns how many times a call got the overflow chain because the
// rules were full or a template failed.
func (r *Rules) Overflowed() uint64 { return r.overflowed.Load() }

// Apply replaces the rules in force while calls go on. It checks the new rules
// as [New] does and reports all faults at once. If there are any, nothing
// changes.
//
// A policy that the new rules also want is kept, with its state and its waiting and
// running calls, and gets its new configuration from [Template.Update]. Policies are
// matched by kind, side and scope, and by their compartment, or else by their target
// and method or service. For a policy of one method the rule does not matter: a
// method that gets its own rule keeps the breaker that it had under "*". Policies of
// a service or a target are also matched by the rule's Match. Several policies of the
// same kind and scope in one rule are matched by their order. Shadow rules and other
// rules never share policies.
//
// Policies that the new rules do not want are left alone: calls that hold their
// permits settle with them. Policies without Kind or Update are made anew.
//
// No call fails because of a change. Each call gets its policies from the old
// rules or from the new ones. The policies that are kept get their new
// configurations one after the other while Apply runs.
//
// Apply is safe for concurrent use; of several calls the last wins. A
// [policy.Observer] must not call it.
func (r *Rules) Apply(rules []Rule) error {
	m, err := newMatcher(rules, r.observer)
	if err != nil {
		return err
	}
	r.applying.Lock()
	defer r.applying.Unlock()
	unfit := map[identity]bool{}
	for _, k := range turnOver(r, m, nil) {
		if k.template.Update(k.key, k.policy) != nil {
			unfit[k.id] = true
		}
	}
	if len(unfit) > 0 {
		turnOver(r, m, unfit)
	}
	watch(r.heard, r)
	return nil
}

// Matching returns the rules that apply to a call: the closest rule, and the
// closest shadow rule. It makes no policies.
func (r *Rules) Matching(call *policy.Call) []Rule {
	return r.current.Load().matcher.find(call).copied()
}

// Find returns the chain of a call like one that was resolved before, nil if there was none
// or its chain was dropped. It makes no policies.
func (r *Rules) Find(call *policy.Call) *policy.Chain {
	if e := r.current.Load().table.entry(textOf(call)); e != nil {
		return e.chain
	}
	return nil
}

// ConditionsOf returns the conditions by which the end of a call would be judged, with what
// they have counted since the rules were last changed; nil if there are none.
func (r *Rules) ConditionsOf(call *policy.Call) *condition.List {
	return r.current.Load().matcher.find(call).conditions()
}

// InForce returns the rules in force as they were given, in that order. The sides of each
// template are those that it is for, see [Rule.Sides].
func (r *Rules) InForce() []InForce { return r.current.Load().matcher.inForce() }

// Len returns how many keys the rules hold at the moment.
func (r *Rules) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.Load().table.size
}

// All yields the keys that the rules hold at the moment, with their chains, in
// no particular order. The Name of each key is a method; no key has a Rule.
func (r *Rules) All() iter.Seq2[Key, *policy.Chain] {
	return func(yield func(Key, *policy.Chain) bool) {
		for e := range r.current.Load().table.entries() {
			key := Key{Name: names.Shown(e.method), Target: names.Shown(e.target)}
			key.Observer = policy.Locate(r.heard, key.Target, e.side)
			if !yield(key, e.chain) {
				return
			}
		}
	}
}

// Live yields every policy that is in force at the moment, each once, in no
// particular order. Policies that a change of rules has removed are not among
// them, though calls may still hold their permits.
func (r *Rules) Live() iter.Seq[Live] {
	return func(yield func(Live) bool) {
		if !r.beside.live(yield) {
			return
		}
		g, all := r.allShared()
		for _, s := range all {
			if !yield(s.live) {
				return
			}
		}
		for e := range g.table.entries() {
			for _, o := range e.own {
				if !yield(o.live(e)) {
					return
				}
			}
		}
	}
}

// Samples yields a policy of each template of the rules in force, and so of every kind
// that calls can meet: the one that was made to check the template. Some may come more
// than once.
func (r *Rules) Samples() iter.Seq[policy.Policy] {
	samples := r.current.Load().matcher.samples
	return func(yield func(policy.Policy) bool) {
		if r.beside.policies(yield) {
			samples(yield)
		}
	}
}

// Show shows a policy that guards calls beside the rules, as the overload control of a
// server does, in [Rules.Live] and [Rules.Samples].
func (r *Rules) Show(l Live) {
	r.beside.add(l)
	watch(r.heard, r)
}

// allShared returns the generation in force and its shared policies, so that they
// can be looked at outside the lock.
func (r *Rules) allShared() (*generation, []*shared) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.current.Load()
	return g, slices.Collect(maps.Values(g.shared))
}
