package rules

import (
	"sync"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// generation is the rules between two changes, and the policies that calls have
// met under them.
type generation struct {
	set   *ruleset
	table table
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

// text returns what the entry is found by.
func (e *entry) text() callText { return callText{e.method, e.target, e.side} }

// owned is a policy of one entry: by the i-th template of its rule.
type owned struct {
	policy.Policy

	rule *rule
	i    int
}

// shared is a policy that several entries use.
type shared struct {
	id   identity
	live Live
}

func newGeneration(set *ruleset) *generation {
	return &generation{set: set, shared: map[identity]*shared{}}
}

// call is a call as the entry is for.
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
