package rules

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
// Apply is safe for concurrent use; of several calls the last wins. An
// [Observer] must not call it.
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
	watch(r.heard, r)
	return nil
}

// turnOver builds a generation of the present keys and puts it in force at once.
// It returns the policies that are kept and must be updated. The caller does so
// outside the lock, because they may report to an observer.
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
