package policy

import "iter"

// Live is a policy of [Rules] that is in force and that some call has met.
type Live struct {
	// Policy is the policy.
	Policy Policy
	// Side is where its calls are seen.
	Side Side
	// Target is the client's, empty on a server.
	Target string
	// Name is the method of a call that has met it.
	Name string
}

// Live yields every policy once that rules have in force at the moment, in no
// order.
func (r *Rules) Live() iter.Seq[Live] {
	return func(yield func(Live) bool) {
		seen := map[Policy]bool{}
		for e := range r.table.entries() {
			for _, p := range e.chain.Policies() {
				if seen[p] {
					continue
				}
				seen[p] = true
				if !yield(Live{Policy: p, Side: e.side, Target: e.target, Name: e.method}) {
					return
				}
			}
		}
	}
}
