package rules

import (
	"maps"
	"slices"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// builder makes the entries of a generation. The lock of the rules is held, unless the
// generation is not yet in force.
type builder struct {
	rules *Rules
	next  *generation
	// old is the generation that next will replace, nil if next is already in use.
	old *past
	// unfit are the policies of old that must not be kept.
	unfit map[identity]bool
	// kept are the policies of old that were kept and must be updated.
	kept []kept
	// steered are the overrides by which it began.
	steered *[]override.Override
	// located is the observer that the last policy had: the keys of one target share it.
	located located
}

// takeOver makes entries for the keys of old, and keeps its shared policies and those
// that only calls hold.
func (b *builder) takeOver() {
	entries := make([]*entry, 0, len(b.old.entries))
	if b.old.matcher != b.next.matcher {
		const usual = 3 // policies of a call
		b.kept = make([]kept, 0, usual*len(b.old.entries))
	}
	for _, was := range b.old.entries {
		// A key whose template fails now is left to its next call.
		if e, err := b.entry(was.call(), was); err == nil && e != nil {
			entries = append(entries, e)
		}
	}
	b.next.table.fill(entries)
	b.keepShared(b.old.shared)
	b.keepDropped(b.old.dropped)
}

// catchUp does what takeOver does, for what has become of old in the meantime. It reports
// false if a policy was made both there and here, which a builder that begins again now
// avoids. The lock of the rules is held, so it only looks at what came and went, unless
// keys were dropped.
func (b *builder) catchUp(now *generation) bool {
	since := now.since
	shared, held := b.old.meanwhile(now)
	for id := range shared {
		if b.next.shared[id] != nil {
			return false
		}
	}
	maps.Copy(b.old.shared, shared)
	maps.Copy(b.old.dropped, held)
	came := since.entries
	if since.swept {
		came = slices.Collect(now.table.entries())
	}
	for _, was := range came {
		if b.next.table.entry(was.text()) != nil {
			continue
		}
		if e, err := b.entry(was.call(), was); err == nil && e != nil {
			b.next.table.insert(e)
		}
	}
	if since.swept {
		b.next.table.drop(func(e *entry) bool { return now.table.entry(e.text()) == nil })
	}
	b.keepShared(shared)
	b.keepDropped(held)
	return true
}

// entry makes the entry of a call, nil if the rules leave it unguarded. was is its entry
// in old, nil if there was none.
func (b *builder) entry(call *policy.Call, was *entry) (*entry, error) {
	found := b.next.matcher.find(call)
	found.meet()
	if !found.guards() {
		return nil, nil
	}
	e := &entry{place: place{method: call.Method, target: call.Target, side: call.Side}}
	var room [policy.MaxPolicies]policy.Policy
	policies := room[:0]
	for _, r := range found.both() {
		if r == nil {
			continue
		}
		e.makeRoom(r)
		for i := range r.Policies {
			if !r.Policies[i].applies(call.Side) {
				continue
			}
			p, err := b.policy(e, was, r, i)
			if err != nil {
				return nil, err
			}
			policies = append(policies, p)
		}
	}
	var err error
	e.chain, err = b.chain(policies, found.enforced, found.class())
	return e, err
}

// chain makes a chain of policies, whose calls are of a class, which may be Unset, and are
// judged by the conditions of a rule, which may be nil.
func (b *builder) chain(policies []policy.Policy, by *rule, class criticality.Class) (*policy.Chain, error) {
	opts := slices.Clip(b.rules.options)
	if by != nil && by.conditions.Len() > 0 {
		opts = append(opts, policy.WithJudge(by.conditions.Judge()))
	}
	if class != criticality.Unset {
		opts = append(opts, policy.WithCriticality(class))
	}
	return policy.NewChain(policies, opts...)
}

// policy returns the policy of an entry by the i-th template of a rule. was is the entry of
// the same calls in old, nil if there was none.
func (b *builder) policy(e, was *entry, r *rule, i int) (policy.Policy, error) {
	t, id := &r.Policies[i], r.identity(i, e.text())
	if !id.isOwn() {
		if s := b.next.shared[id]; s != nil {
			e.shared = append(e.shared, s)
			return s.live.Policy, nil
		}
	}
	key := b.keyOf(r, i, e.text())
	p := b.before(id, was, t, key)
	if p == nil {
		var err error
		if p, err = t.make(i, key); err != nil {
			return nil, err
		}
	}
	if !id.isOwn() {
		e.shared = append(e.shared, b.share(id, r, i, liveAs(key, e.side), p))
		return p, nil
	}
	o := owned{p, r, i}
	e.own = append(e.own, o)
	if b.rules.steering.isUsed() {
		b.rules.steering.steer(o.live(e))
	}
	return p, nil
}

// before returns the policy that there was before, nil if there was none that may go on.
func (b *builder) before(id identity, was *entry, t *Template, key Key) policy.Policy {
	if p := b.next.dropped.find(id); p != nil {
		return p
	}
	if !b.keeps(id, t) {
		return nil
	}
	p := b.old.policy(id, was)
	if p != nil {
		b.keep(id, t, key, p)
	}
	return p
}

// share notes a new policy that others may use too.
func (b *builder) share(id identity, r *rule, i int, l Live, p policy.Policy) *shared {
	t := &r.Policies[i]
	l.Policy, l.Kind, l.Scope, l.Shadow = p, t.Kind, t.Scope, r.Shadow
	if t.Scope != PerCompartment {
		l.Match = r.Match
	}
	s := &shared{id, l}
	b.next.addShared(s)
	b.rules.steering.steer(l)
	return s
}

// keeps reports whether a policy from before may go on under t: t can update it,
// or is the very template that made it.
func (b *builder) keeps(id identity, t *Template) bool {
	return b.old != nil && !b.unfit[id] && (t.Update != nil || b.old.matcher == b.next.matcher)
}

// keep notes that a policy must be updated, unless the rules are the same.
func (b *builder) keep(id identity, t *Template, key Key, p policy.Policy) {
	if b.old.matcher != b.next.matcher {
		b.kept = append(b.kept, kept{id, p, t, key})
	}
}

// keyOf returns what a new policy for a call is told, by the i-th template of its rule.
func (b *builder) keyOf(r *rule, i int, at callText) Key {
	key := r.Policies[i].keyOf(at)
	key.Name, key.Target = names.Shown(key.Name), names.Shown(key.Target)
	key.Rule, key.Shadow = r.nameFor(i), r.Shadow
	key.Observer = b.located.at(b.rules.observer, key.Target, at.side)
	return key
}

// keepShared keeps those shared policies of old that no entry uses now but whose
// rule or compartment is still there: calls may hold permits of them.
func (b *builder) keepShared(all map[identity]*shared) {
	for id, s := range all {
		if b.next.shared[id] != nil {
			continue
		}
		if r, i := b.next.matcher.templateOf(id); r != nil && b.keeps(id, &r.Policies[i]) {
			b.next.shared[id] = s
			b.keep(id, &r.Policies[i], b.keyAs(r, i, s.live), s.live.Policy)
		}
	}
}

// keepDropped keeps those policies that were dropped and that calls hold, if no entry uses
// them now and their rule is still there.
func (b *builder) keepDropped(all map[identity]policy.Policy) {
	for id, p := range all {
		if b.next.shared[id] != nil || b.next.dropped.find(id) != nil || b.next.table.texts.Load().own(id) != nil {
			continue
		}
		if r, i := b.next.matcher.templateOf(id); r != nil && b.keeps(id, &r.Policies[i]) {
			b.next.dropped.add(id, p)
			as := Live{Side: id.side, Target: names.Shown(id.target), Name: names.Shown(id.name), Shadow: id.shadow}
			b.keep(id, &r.Policies[i], b.keyAs(r, i, as), p)
		}
	}
}

// keyAs returns what a policy that is described is told by the i-th template of its rule.
func (b *builder) keyAs(r *rule, i int, l Live) Key {
	key := Key{Name: l.Name, Target: l.Target, Rule: r.nameFor(i), Shadow: l.Shadow}
	key.Observer = b.located.at(b.rules.observer, key.Target, l.Side)
	return key
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
	return b.chain(policies, at.rule, at.class)
}

// overflowPolicy returns the policy that calls past the key limit share. If it
// cannot be made now, the one made when the rules were checked is used.
func (b *builder) overflowPolicy(r *rule, i int, side policy.Side) policy.Policy {
	t, id := r.Policies[i], r.overflowIdentity(i, side)
	if s := b.next.shared[id]; s != nil {
		return s.live.Policy
	}
	key := Key{Name: overflowName, Rule: r.nameFor(i)}
	if id.scope == PerCompartment {
		key.Name = t.Compartment
	}
	key.Observer = b.located.at(b.rules.observer, key.Target, side)
	p, err := t.make(i, key)
	if err != nil {
		p = r.trial[i]
	}
	return b.share(id, r, i, liveAs(key, side), p).live.Policy
}
