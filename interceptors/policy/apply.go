package policy

// Apply puts other rules in the place of those in force, while calls go on. It
// checks them as [NewRules] does and reports all faults at once; rules that have
// any are refused whole, and nothing changes.
//
// A policy that the new rules want too goes on, with its state, its waiting and its
// running calls, and gets its new configuration by [Template.Update]. It is the same
// if its side, its kind and its compartment are, or else its target, its scope and
// its method. The rule does not matter for a policy of one method: a method that
// gets a rule of its own keeps the breaker that it had under "*". What a service or
// a target shares is told apart by the Match of the rule as well. Two policies of one
// kind and scope in one rule are told apart by their order. A shadow rule's policies
// are never those of other rules.
//
// Policies that the new rules do not want are left alone: calls that hold permits of
// theirs settle with them. Those without Kind or Update are made anew.
//
// No call fails because of a change. Each call finds its policies by the rules
// before it or by those after it. The configurations of the policies that go on
// change one after the other while Apply runs.
//
// Apply is safe for concurrent use, and the last of several wins. It must not be
// called by an [Observer].
func (r *Rules) Apply(rules []Rule) error {
	set, err := newRuleset(rules, r.observer)
	if err != nil {
		return err
	}
	r.applying.Lock()
	defer r.applying.Unlock()
	unfit := map[identity]bool{}
	for _, k := range r.turnOver(set, nil) {
		if k.template.Update(k.key, k.policy) != nil {
			unfit[k.id] = true
		}
	}
	if len(unfit) > 0 {
		r.turnOver(set, unfit)
	}
	return nil
}

// turnOver builds a generation of the keys there are, and puts it in force at
// once. It returns the policies that go on and must be updated: outside the lock,
// because they may report to an observer.
func (r *Rules) turnOver(set *ruleset, unfit map[identity]bool) []kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := builder{rules: r, next: newGeneration(set), old: r.current.Load(), unfit: unfit}
	var entries []*entry
	for was := range b.old.table.entries() {
		// A key whose template fails now is left to its next call.
		if e, err := b.entry(was.call()); err == nil && e != nil {
			entries = append(entries, e)
		}
	}
	b.keepShared()
	b.next.table.fill(entries)
	r.fullUntil.Store(0)
	r.current.Store(b.next)
	return b.kept
}
