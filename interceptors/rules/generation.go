package rules

import (
	"maps"
	"slices"
	"sync"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// generation is the rules between two changes, and the policies that calls have
// met under them.
type generation struct {
	matcher *matcher
	table   table
	// shared has the policies that several keys use. It is guarded by the lock of
	// the rules.
	shared map[identity]*shared
	// dropped finds those again that were dropped and are still held by calls.
	dropped dropped
	// since is what came and went since a builder looked, nil if none has. It is guarded by
	// the lock of the rules.
	since *since
	// overflow has the chains for calls past the key limit, each made when it is
	// first needed: overflowAt → *Chain.
	overflow sync.Map
}

// since is what has become of a generation since some moment.
type since struct {
	// entries and shared are those that came.
	entries []*entry
	shared  []*shared
	// swept: some may have gone, and entries does not have all that came.
	swept bool
}

// overflowAt is the key of an overflow chain.
type overflowAt struct {
	rule  *rule
	side  policy.Side
	class criticality.Class
}

// entry is what rules keep for one (target, method, side).
type entry struct {
	// place is where the entry is found by the strings that it was made for.
	place

	own    []owned
	shared []*shared
}

// newGeneration returns a generation that no call has met yet.
func newGeneration(m *matcher) *generation {
	return &generation{matcher: m, shared: map[identity]*shared{}}
}

// makeRoom makes room for what the policies of a rule add to the entry.
func (e *entry) makeRoom(r *rule) {
	own := 0
	for i := range r.Policies {
		if t := &r.Policies[i]; t.Scope == PerMethod && t.given == nil && t.applies(e.side) {
			own++
		}
	}
	if own > 0 {
		e.own = slices.Grow(e.own, own)
	}
	if all := r.count(e.side); all > own {
		e.shared = slices.Grow(e.shared, all-own)
	}
}

// policy returns the entry's own policy with that identity, nil if there is none. A nil
// entry has none.
func (e *entry) policy(id identity) policy.Policy {
	if e == nil {
		return nil
	}
	for _, o := range e.own {
		// The rest of the identity is the text of the entry.
		if o.rule.Shadow == id.shadow && o.rule.Policies[o.i].Kind == id.kind && o.rule.nth(o.i, e.side) == id.nth {
			return o.Policy
		}
	}
	return nil
}

// text returns what the entry is found by.
func (e *entry) text() callText { return callText{e.method, e.target, e.side} }

// call returns a call as the entry is for.
func (e *entry) call() *policy.Call {
	return &policy.Call{Method: e.method, Target: e.target, Side: e.side}
}

// overflowOf returns where the chain for calls past the key limit is kept, with a
// nil rule if they are unguarded, and the chain if it has been made.
func (g *generation) overflowOf(call *policy.Call) (at overflowAt, c *policy.Chain) {
	found := g.matcher.find(call)
	at = overflowAt{found.enforced, call.Side, found.class()}
	at.rule.meet()
	found.classed.meet()
	if !at.rule.guards() {
		return overflowAt{}, nil
	}
	if known, ok := g.overflow.Load(at); ok {
		c = known.(*policy.Chain) //nolint:errcheck,forcetypeassert // nothing else is ever stored
	}
	return at, c
}

// sweep drops idle keys, and shared policies that no key uses any more. While a
// shared policy is busy, one of its keys stays and keeps it, so there are never
// more shared policies than keys. Those that a change of rules left without a
// key stay while they are busy.
func (g *generation) sweep() {
	if g.since != nil {
		g.since.swept, g.since.entries = true, nil
	}
	used := make(map[*shared]bool, len(g.shared))
	g.table.drop(func(e *entry) bool {
		keep := slices.ContainsFunc(e.own, func(o owned) bool { return busy(o.Policy) }) ||
			slices.ContainsFunc(e.shared, func(s *shared) bool {
				return !s.id.pinned() && !used[s] && busy(s.live.Policy)
			})
		if keep {
			for _, s := range e.shared {
				used[s] = true
			}
			return false
		}
		for _, o := range e.own {
			g.dropped.add(o.identity(e), o.Policy)
		}
		return true
	})
	maps.DeleteFunc(g.shared, func(id identity, s *shared) bool {
		gone := !id.pinned() && !used[s] && !busy(s.live.Policy)
		if gone {
			g.dropped.add(id, s.live.Policy)
		}
		return gone
	})
}

// add adds an entry. The lock of the rules is held.
func (g *generation) add(e *entry) {
	g.table.insert(e)
	switch s := g.since; {
	case s == nil || s.swept:
	case len(s.entries) >= g.table.size: // it is no less work to look at all
		s.swept, s.entries = true, nil
	default:
		s.entries = append(s.entries, e)
	}
}

// addShared adds a shared policy. The lock of the rules is held, unless the generation is
// not yet in force.
func (g *generation) addShared(s *shared) {
	g.shared[s.id] = s
	if g.since != nil {
		g.since.shared = append(g.since.shared, s)
	}
}

// past returns what a builder needs of g while g goes on. From then on it is noted what
// comes and goes. The lock of the rules is held.
func (g *generation) past() *past {
	g.since = new(since)
	entries := make([]*entry, 0, g.table.size)
	return &past{
		matcher: g.matcher, entries: slices.AppendSeq(entries, g.table.entries()),
		shared: maps.Clone(g.shared), dropped: g.dropped.held(),
	}
}

// past is a generation as it was at one moment. It keeps its policies.
type past struct {
	matcher *matcher
	entries []*entry
	shared  map[identity]*shared
	dropped map[identity]policy.Policy
}

// policy returns the policy of then with that identity, nil if there is none. was is the
// entry of its calls, if it is of one key alone.
func (p *past) policy(id identity, was *entry) policy.Policy {
	if id.isOwn() {
		if own := was.policy(id); own != nil {
			return own
		}
	} else if s := p.shared[id]; s != nil {
		return s.live.Policy
	}
	return p.dropped[id]
}

// meanwhile returns the shared policies that were made since then, and those that were
// dropped and are held. The lock of the rules is held.
func (p *past) meanwhile(now *generation) (made map[identity]*shared, held map[identity]policy.Policy) {
	made, held = map[identity]*shared{}, now.dropped.held()
	for _, s := range now.since.shared {
		if now.shared[s.id] == s && p.shared[s.id] == nil && p.dropped[s.id] == nil {
			made[s.id] = s
		}
	}
	maps.DeleteFunc(held, func(id identity, _ policy.Policy) bool { return p.dropped[id] != nil })
	return made, held
}
