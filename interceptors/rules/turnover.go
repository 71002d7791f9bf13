package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// kept is a policy that goes on under another template.
type kept struct {
	id       identity
	policy   policy.Policy
	template *Template
	key      Key
}

// turnOver builds a generation of the present keys and puts it in force at once.
// It returns the policies that are kept and must be updated. The caller does so
// outside the lock, because they may report to an observer. New methods do not wait
// while it builds.
func turnOver(r *Rules, m *matcher, unfit map[identity]bool) []kept {
	begin := func(old *past) *builder {
		b := &builder{rules: r, next: newGeneration(m), old: old, unfit: unfit, steered: r.steering.inForce.Load()}
		b.takeOver()
		return b
	}
	b := begin(pastOf(r))
	r.mu.Lock()
	if !b.catchUp(r.current.Load()) {
		// Once more, and again without the lock: that it happens twice is improbable.
		r.mu.Unlock()
		b = begin(pastOf(r))
		r.mu.Lock()
		if now := r.current.Load(); !b.catchUp(now) {
			b = begin(now.past())
		}
	}
	r.room.forget()
	r.current.Store(b.next)
	steered := b.steered != r.steering.inForce.Load()
	r.mu.Unlock()
	if steered {
		r.steering.impose()
	}
	return b.kept
}

// pastOf returns the generation in force as it is now.
func pastOf(r *Rules) *past {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.Load().past()
}
