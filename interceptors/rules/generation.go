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
	// changes counts what came and went of entries and shared policies. It is guarded by
	// the lock of the rules.
	changes int
	// overflow has the chains for calls past the key limit, each made when it is
	// first needed: overflowAt → *Chain.
	overflow sync.Map
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
	g.changes++
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

// past returns what a builder needs of g while g goes on. The lock of the rules is held.
func (g *generation) past() *past {
	return &past{
		matcher: g.matcher, texts: g.table.texts.Load(), entries: slices.Collect(g.table.entries()),
		shared: maps.Clone(g.shared), dropped: g.dropped.held(), changes: g.changes,
	}
}

// past is a generation as it was at one moment. It keeps its policies.
type past struct {
	matcher *matcher
	texts   *texts
	entries []*entry
	shared  map[identity]*shared
	dropped map[identity]policy.Policy
	// changes is how many there had been.
	changes int
}

// policy returns the policy of then with that identity, nil if there is none.
func (p *past) policy(id identity) policy.Policy {
	if id.isOwn() {
		if own := p.texts.own(id); own != nil {
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
	for id, s := range now.shared {
		if p.shared[id] == nil && p.dropped[id] == nil {
			made[id] = s
		}
	}
	maps.DeleteFunc(held, func(id identity, _ policy.Policy) bool { return p.dropped[id] != nil })
	return made, held
}
