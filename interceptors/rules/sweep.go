package rules

import (
	"maps"
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// sweepEvery is how often full rules look for idle keys.
const sweepEvery = time.Second

// hasRoom reports whether one more key fits, after dropping idle ones if need
// be.
func (r *Rules) hasRoom(g *generation) bool {
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
func (r *Rules) knownFull() bool {
	until := r.fullUntil.Load()
	return until != 0 && policy.Now() < policy.Instant(until)
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

// busy reports whether something would be lost if p were dropped.
func busy(p policy.Policy) bool {
	i, ok := p.(policy.Idler)
	return !ok || !i.Idle()
}
