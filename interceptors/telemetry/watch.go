package telemetry

import (
	"context"
	"slices"
	"sync"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// watched is the rules and policies whose present states are read when metrics are
// collected.
type watched struct {
	metrics  *policies
	overflow metric.Int64ObservableCounter
	keys     metric.Int64ObservableUpDownCounter

	mu         sync.Mutex // guards what follows
	rules      []watchedRules
	overflowed int64 // what rules had counted that are no more
	policies   []policy.Policy
}

// watchedRules are rules that are looked at as long as they are in use.
type watchedRules struct {
	rules weak.Pointer[rules.Rules]
	// overflowed is their count of overflows when they were last looked at.
	overflowed int64
}

// newWatched makes the observable instruments of rules, and registers them and those
// of policies.
func newWatched(m *maker, metrics *policies) *watched {
	w := &watched{
		metrics:  metrics,
		overflow: m.observableCounter("afloat.rules.overflow", "{call}", "Calls that got no policies of their own, because there were too many keys."),
		keys:     m.observable("afloat.rules.keys", "{key}", "Methods and targets that rules keep policies for."),
	}
	all := []metric.Observable{w.overflow, w.keys}
	for _, p := range metrics {
		all = append(all, p.observables()...)
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		w.look().report(to)
		return nil
	}, all...)
	m.faults = append(m.faults, err)
	return w
}

// add adds rules, and forgets those that are no more.
func (w *watched) add(r *rules.Rules) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.ContainsFunc(w.rules, func(known watchedRules) bool { return known.rules.Value() == r }) {
		return // they have changed
	}
	w.rules = slices.DeleteFunc(w.rules, func(known watchedRules) bool {
		gone := known.rules.Value() == nil
		if gone {
			w.overflowed += known.overflowed // a counter never goes back
		}
		return gone
	})
	w.rules = append(w.rules, watchedRules{rules: weak.Make(r)})
}

// addPolicies adds the policies that have metrics and are new.
func (w *watched) addPolicies(all []policy.Policy) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range all {
		if visible(p) && !slices.Contains(w.policies, p) {
			w.policies = append(w.policies, p)
		}
	}
}

// look reads all present states.
func (w *watched) look() sums {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := newSums()
	overflowed := w.overflowed
	for i := range w.rules {
		known := &w.rules[i]
		if r := known.rules.Value(); r != nil {
			known.overflowed = int64(r.Overflowed()) //nolint:gosec // far below the bounds
			w.lookAt(found, r)
		}
		overflowed += known.overflowed
	}
	found.add(w.overflow, *attribute.EmptySet(), overflowed)
	for _, p := range w.policies {
		w.metrics[policy.Local].look(found, rules.Live{Policy: p, Side: policy.Local})
	}
	return found
}

// lookAt reads the present states of the policies of rules.
func (w *watched) lookAt(found sums, r *rules.Rules) {
	for range r.All() {
		found.add(w.keys, *attribute.EmptySet(), 1)
	}
	for live := range r.Live() {
		w.metrics[live.Side].look(found, live)
	}
}
