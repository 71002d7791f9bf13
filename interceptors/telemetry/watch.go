package telemetry

import (
	"context"
	"slices"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// watchedRules are rules that are looked at as long as they are in use.
type watchedRules struct {
	rules weak.Pointer[rules.Rules]
	// overflowed is their count of overflows when they were last looked at.
	overflowed int64
}

// Watch implements [rules.Watcher]. From then on, metrics have the present states of
// the policies of r, for as long as r is in use.
func (o *Observer) Watch(r *rules.Rules) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.ContainsFunc(o.rules, func(w watchedRules) bool { return w.rules.Value() == r }) {
		return // they have changed
	}
	o.rules = slices.DeleteFunc(o.rules, func(w watchedRules) bool {
		gone := w.rules.Value() == nil
		if gone {
			o.gone += w.overflowed // a counter never goes back
		}
		return gone
	})
	o.rules = append(o.rules, watchedRules{rules: weak.Make(r)})
}

// WatchPolicies adds metrics of the present states of policies outside of rules, such
// as the guards of a plan's steps. It takes breakers, bulkheads and rate limits,
// which should have names, and ignores nil, other policies, and those it already has.
// The Observer keeps the policies from then on.
func (o *Observer) WatchPolicies(policies ...policy.Policy) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range policies {
		if visible(p) && !slices.Contains(o.policies, p) {
			o.policies = append(o.policies, p)
		}
	}
}

// looks are the observable instruments of rules.
type looks struct {
	overflow metric.Int64ObservableCounter
	keys     metric.Int64ObservableUpDownCounter
}

// observe registers the observable instruments.
func (o *Observer) observe(m *maker) {
	l := &looks{
		overflow: m.observableCounter("afloat.rules.overflow", "{call}", "Calls that got no policies of their own, because there were too many keys."),
		keys:     m.observable("afloat.rules.keys", "{key}", "Methods and targets that rules keep policies for."),
	}
	all := []metric.Observable{l.overflow, l.keys}
	for _, s := range o.sides {
		all = append(all, s.state, s.bulkhead.active, s.bulkhead.queued, s.bulkhead.limit, s.rateLimitQueued)
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		o.look(l).report(to)
		return nil
	}, all...)
	m.faults = append(m.faults, err)
}

// look reads all present states.
func (o *Observer) look(l *looks) sums {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := newSums()
	overflowed := o.gone
	for i := range o.rules {
		w := &o.rules[i]
		if r := w.rules.Value(); r != nil {
			w.overflowed = int64(r.Overflowed()) //nolint:gosec // far below the bounds
			o.lookAt(found, l, r)
		}
		overflowed += w.overflowed
	}
	found.add(l.overflow, *attribute.EmptySet(), overflowed)
	for _, p := range o.policies {
		o.sides[policy.Local].look(found, rules.Live{Policy: p, Side: policy.Local})
	}
	return found
}

// lookAt reads the present states of the policies of rules.
func (o *Observer) lookAt(found sums, l *looks, r *rules.Rules) {
	for range r.All() {
		found.add(l.keys, *attribute.EmptySet(), 1)
	}
	for live := range r.Live() {
		o.sides[live.Side].look(found, live)
	}
}
