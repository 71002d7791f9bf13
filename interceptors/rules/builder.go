package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// builder makes the entries of a generation. The lock of the rules is held.
type builder struct {
	rules *Rules
	next  *generation
	// old is the generation that next will replace, nil if next is already in use.
	old *generation
	// unfit are the policies of old that must not be kept.
	unfit map[identity]bool
	// kept are the policies of old that were kept and must be updated.
	kept []kept
}

// kept is a policy that goes on under another template.
type kept struct {
	id       identity
	policy   policy.Policy
	template Template
	key      Key
}

// takeOver makes entries for the keys of old, and keeps its shared policies.
func (b *builder) takeOver() {
	var entries []*entry
	for was := range b.old.table.entries() {
		// A key whose template fails now is left to its next call.
		if e, err := b.entry(was.call()); err == nil && e != nil {
			entries = append(entries, e)
		}
	}
	b.keepShared()
	b.next.table.fill(entries)
}

// entry makes the entry of a call, nil if the rules leave it unguarded.
func (b *builder) entry(call *policy.Call) (*entry, error) {
	found := b.next.matcher.find(call)
	if !found.guards() {
		return nil, nil
	}
	e := &entry{place: place{method: call.Method, target: call.Target, side: call.Side}}
	var policies []policy.Policy
	for _, r := range found.all() {
		for i, t := range r.Policies {
			if !t.applies(call.Side) {
				continue
			}
			p, err := b.policy(e, r, i)
			if err != nil {
				return nil, err
			}
			policies = append(policies, p)
		}
	}
	var err error
	e.chain, err = policy.NewChain(policies, b.rules.options...)
	return e, err
}

// policy returns the policy of an entry by the i-th template of a rule.
func (b *builder) policy(e *entry, r *rule, i int) (policy.Policy, error) {
	t, id := r.Policies[i], r.identity(i, e.call())
	key := b.keyOf(r, t, e.call())
	if id.given == nil && id.scope == PerMethod {
		p, err := b.own(id, t, i, key)
		e.own = append(e.own, owned{p, r, i})
		return p, err
	}
	if s := b.known(id, t, key); s != nil {
		e.shared = append(e.shared, s)
		return s.live.Policy, nil
	}
	p, err := t.make(i, key)
	if err != nil {
		return nil, err
	}
	e.shared = append(e.shared, b.share(id, r, i, liveAs(key, e.side), p))
	return p, nil
}

// own returns the policy of one method: that from before, or a new one.
func (b *builder) own(id identity, t Template, i int, key Key) (policy.Policy, error) {
	if b.keeps(id, t) {
		if p := b.old.own(id); p != nil {
			b.keep(id, t, key, p)
			return p, nil
		}
	}
	return t.make(i, key)
}

// known returns the shared policy that there is, now or from before.
func (b *builder) known(id identity, t Template, key Key) *shared {
	if s := b.next.shared[id]; s != nil || !b.keeps(id, t) {
		return s
	}
	s := b.old.shared[id]
	if s != nil {
		b.next.shared[id] = s
		b.keep(id, t, key, s.live.Policy)
	}
	return s
}

// share notes a new policy that others may use too.
func (b *builder) share(id identity, r *rule, i int, l Live, p policy.Policy) *shared {
	t := r.Policies[i]
	l.Policy, l.Kind, l.Scope, l.Shadow = p, t.Kind, t.Scope, r.Shadow
	if t.Scope != PerCompartment {
		l.Match = r.Match
	}
	s := &shared{id, l}
	b.next.shared[id] = s
	return s
}

// keeps reports whether a policy from before may go on under t: t can update it,
// or is the very template that made it.
func (b *builder) keeps(id identity, t Template) bool {
	return b.old != nil && !b.unfit[id] && (t.Update != nil || b.old.matcher == b.next.matcher)
}

// keep notes that a policy must be updated, unless the rules are the same.
func (b *builder) keep(id identity, t Template, key Key, p policy.Policy) {
	if b.old.matcher != b.next.matcher {
		b.kept = append(b.kept, kept{id, p, t, key})
	}
}

// keyOf returns what a new policy for a call is told.
func (b *builder) keyOf(r *rule, t Template, call *policy.Call) Key {
	key := t.keyOf(call)
	key.Shadow = r.Shadow
	key.Observer = b.rules.observerFor(key, call.Side)
	return key
}

// keepShared keeps the shared policies of old that no entry uses now but whose
// rule or compartment is still there: calls may hold permits of them.
func (b *builder) keepShared() {
	for id, s := range b.old.shared {
		t, ok := b.next.matcher.templateOf(id)
		if !ok {
			continue
		}
		key := Key{Name: s.live.Name, Target: s.live.Target, Shadow: s.live.Shadow}
		key.Observer = b.rules.observerFor(key, s.live.Side)
		b.known(id, t, key)
	}
}

// overflow makes the chain of calls that get no key of their own. It has everything
// but breakers: one that judges unrelated methods together is worse than none.
func (b *builder) overflow(at overflowAt) (*policy.Chain, error) {
	var policies []policy.Policy
	for i, t := range at.rule.Policies {
		if t.applies(at.side) && policy.LayerOf(at.rule.trial[i]) != policy.LayerBreaker {
			policies = append(policies, b.overflowPolicy(at.rule, i, at.side))
		}
	}
	return policy.NewChain(policies, b.rules.options...)
}

// overflowPolicy returns the policy that calls past the key limit share. If it
// cannot be made now, the one made when the rules were checked is used.
func (b *builder) overflowPolicy(r *rule, i int, side policy.Side) policy.Policy {
	t, id := r.Policies[i], r.overflowIdentity(i, side)
	if s := b.next.shared[id]; s != nil {
		return s.live.Policy
	}
	key := Key{Name: overflowName}
	if id.scope == PerCompartment {
		key.Name = t.Compartment
	}
	key.Observer = b.rules.observerFor(key, side)
	p, err := t.make(i, key)
	if err != nil {
		p = r.trial[i]
	}
	return b.share(id, r, i, liveAs(key, side), p).live.Policy
}
