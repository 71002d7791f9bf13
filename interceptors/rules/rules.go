package rules

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// DefaultMaxKeys is the default of [WithMaxKeys].
const (
	DefaultMaxKeys = 4096
	maxMaxKeys     = 1 << 20
)

// Rules resolve calls by a list of rules, with one chain per (target, method).
// They are safe for concurrent use. [Rules.Apply] changes them while they work.
// Make them with [New]; the zero Rules must not be used.
//
// [WithMaxKeys] bounds the number of keys, which are pairs of target and method.
// When it is reached, keys whose policies are idle (closed, nothing in flight,
// nothing remembered) are dropped. If none is idle, the calls of a new method
// share one overflow chain per rule, which has every policy but breakers.
// [Rules.Overflowed] counts such calls.
type Rules struct {
	maxKeys  int
	observer policy.Observer
	heard    policy.Observer // observer as it was given, nil if nobody is
	options  []policy.ChainOption

	current    atomic.Pointer[generation]
	overflowed atomic.Uint64

	fullUntil atomic.Int64 // an Instant

	applying sync.Mutex // held to change the rules
	mu       sync.Mutex // held to add and to drop keys, and to change the generation
}

// Option changes how rules are built.
type Option interface{ apply(*Rules) }

type optionFunc func(*Rules)

func (f optionFunc) apply(r *Rules) { f(r) }

// WithObserver tells o of the calls of all chains of the rules, and of what the
// policies made for them report. Default: no observer, and so with a nil o.
func WithObserver(o policy.Observer) Option {
	return optionFunc(func(r *Rules) {
		r.observer, r.heard = policy.Observe(o), o
		r.options = []policy.ChainOption{policy.WithObserver(o)}
	})
}

// WithMaxKeys bounds the number of (target, method) pairs for which rules keep
// policies. Range [1, 1048576]. Default 4096.
func WithMaxKeys(n int) Option {
	return optionFunc(func(r *Rules) { r.maxKeys = n })
}

// New checks the rules and reports all faults at once: malformed and
// repeated patterns, templates without a function, bad configuration of any
// policy, more than [MaxPolicies] policies.
func New(rules []Rule, opts ...Option) (*Rules, error) {
	r := &Rules{maxKeys: DefaultMaxKeys, observer: policy.NopObserver{}}
	for _, o := range opts {
		o.apply(r)
	}
	var faults []error
	if r.maxKeys < 1 || r.maxKeys > maxMaxKeys {
		faults = append(faults, fmt.Errorf("rules: max_keys = %d; must be in [1, %d]", r.maxKeys, maxMaxKeys))
	}
	set, err := newRuleset(rules, r.observer)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	r.current.Store(newGeneration(set))
	watch(r.heard, r)
	return r, nil
}

// Observer returns the observer that was given to [WithObserver], nil if there
// is none.
func (r *Rules) Observer() policy.Observer { return r.heard }

// Resolve returns the chain of call. It is nil if no rule matches or if the rule
// that matches has no policies. Calls of unregistered methods get the overflow
// chain, because a hostile client can make up any number of them.
func (r *Rules) Resolve(call *policy.Call) *policy.Chain {
	g := r.current.Load()
	if call.Unregistered {
		return r.overflowChain(g, call)
	}
	if c := g.table.lookup(call); c != nil {
		return c
	}
	return r.resolveNew(call)
}

// Matching returns the rules that apply to a call: the closest rule, and the
// closest shadow rule. It makes no policies.
func (r *Rules) Matching(call *policy.Call) []Rule {
	var all []Rule
	for _, m := range r.current.Load().set.find(call).all() {
		own := m.Rule
		own.Policies, own.Sides = slices.Clone(own.Policies), slices.Clone(own.Sides)
		all = append(all, own)
	}
	return all
}

// Overflowed returns how many times a call got the overflow chain because the
// rules were full or a template failed.
func (r *Rules) Overflowed() uint64 { return r.overflowed.Load() }

// All yields the keys that the rules hold at the moment, with their chains, in
// no particular order. The Name of each key is a method.
func (r *Rules) All() iter.Seq2[Key, *policy.Chain] {
	return func(yield func(Key, *policy.Chain) bool) {
		for e := range r.current.Load().table.entries() {
			key := Key{Name: e.method, Target: e.target}
			key.Observer = r.observerFor(key, e.side)
			if !yield(key, e.chain) {
				return
			}
		}
	}
}
