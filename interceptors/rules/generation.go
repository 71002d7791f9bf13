package rules

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	// overflow has the chains for calls past the key limit, each made when it is
	// first needed: overflowAt → *Chain.
	overflow sync.Map
}

// overflowAt is the key of an overflow chain.
type overflowAt struct {
	rule *rule
	side policy.Side
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

// own returns the policy of one method with that identity, nil if there is
// none.
func (g *generation) own(id identity) policy.Policy {
	e := g.table.entry(callText{id.name, id.target, id.side})
	if e == nil {
		return nil
	}
	for _, o := range e.own {
		if o.rule.identity(o.i, e.call()) == id {
			return o.Policy
		}
	}
	return nil
}

// overflowOf returns where the chain for calls past the key limit is kept, with a
// nil rule if they are unguarded, and the chain if it has been made.
func (g *generation) overflowOf(call *policy.Call) (at overflowAt, c *policy.Chain) {
	at = overflowAt{g.matcher.enforced.find(call), call.Side}
	if at.rule == nil || len(at.rule.Policies) == 0 {
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
		}
		return !keep
	})
	maps.DeleteFunc(g.shared, func(id identity, s *shared) bool {
		return !id.pinned() && !used[s] && !busy(s.live.Policy)
	})
}

// sweepEvery is how often full rules look for idle keys.
const sweepEvery = time.Second

// room bounds the keys of the generation in force.
type room struct {
	maxKeys   int
	fullUntil atomic.Int64 // an Instant
}

// makeFor reports whether one more key fits into g, after dropping idle ones if
// need be. The lock of the rules is held.
func (r *room) makeFor(g *generation) bool {
	if g.table.size < r.maxKeys {
		return true
	}
	g.sweep()
	if g.table.size < r.maxKeys {
		return true
	}
	r.fullUntil.Store(int64(policy.Now().Add(sweepEvery)))
	return false
}

// knownFull reports whether a recent sweep found no room, so that a flood of
// new methods costs no more than reading the clock.
func (r *room) knownFull() bool {
	until := r.fullUntil.Load()
	return until != 0 && policy.Now() < policy.Instant(until)
}

// forget lets the next key look for room at once.
func (r *room) forget() { r.fullUntil.Store(0) }
