package policy

import (
	"maps"
	"slices"
	"time"
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
	r.fullUntil.Store(int64(Now().Add(sweepEvery)))
	return false
}

// knownFull reports whether a recent sweep found no room, so that a flood of
// new methods costs no more than reading the clock.
func (r *Rules) knownFull() bool {
	until := r.fullUntil.Load()
	return until != 0 && Now() < Instant(until)
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

// Idler is implemented by a policy that knows when it can be dropped and made
// anew without loss: nothing in flight, nothing remembered. Rules never drop a
// policy that is not an Idler. A configuration that was changed on the policy
// itself is lost when it is dropped: a change that must last belongs in the
// rules.
type Idler interface {
	Idle() bool
}

// busy reports whether something would be lost if p were dropped.
func busy(p Policy) bool {
	i, ok := p.(Idler)
	return !ok || !i.Idle()
}
