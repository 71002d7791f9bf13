package telemetry

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"sync"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// watched is the rules and policies whose present states are read when metrics are
// collected.
type watched struct {
	metrics  *policies
	overflow metric.Int64ObservableCounter
	keys     metric.Int64ObservableUpDownCounter
	misuses  metric.Int64ObservableCounter
	// overrides is how many are in force, by their actions.
	overrides metric.Int64ObservableUpDownCounter

	meter metric.Meter
	warn  func(error)

	// meeting is held to make instruments, and never while metrics are collected. It
	// guards met, the names of the numbers that there are instruments for.
	meeting sync.Mutex
	met     map[string]bool

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

// newWatched makes the observable instruments of rules. What is wrong with instruments
// that are made later is a warning.
func newWatched(m *maker, metrics *policies, warn func(error)) *watched {
	w := &watched{
		metrics:   metrics,
		overflow:  m.observableCounter("afloat.rules.overflow", "{call}", "Calls that got no policies of their own, because there were too many keys."),
		keys:      m.observable("afloat.rules.keys", "{key}", "Methods and targets that rules keep policies for."),
		overrides: m.observable("afloat.overrides", "{override}", "Overrides that are in force in place of what the rules say."),
		misuses:   m.observableCounter("afloat.misuses", "{misuse}", "What the program does with afloat that cannot be meant."),
		meter:     m.meter, warn: warn, met: map[string]bool{},
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		w.look().report(to)
		return nil
	}, w.overflow, w.keys, w.misuses, w.overrides)
	m.faults = append(m.faults, err)
	return w
}

// meet makes the instruments of the numbers that policies show and no policy has shown
// before. Those of one meeting are read at once.
func (w *watched) meet(all iter.Seq[policy.Policy]) {
	w.meeting.Lock()
	defer w.meeting.Unlock()
	m, made := &maker{meter: w.meter}, newGauges()
	for n := range newNumbers(all, w.met) {
		made.add(m, n)
	}
	if len(made.made) > 0 {
		_, err := w.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
			w.read(made, to)
			return nil
		}, made.observables()...)
		m.faults = append(m.faults, err)
	}
	if err := errors.Join(m.faults...); err != nil {
		w.warn(err)
	}
}

// add adds rules, whose policies then have metrics.
func (w *watched) add(r *rules.Rules) {
	w.keep(r)
	w.meet(r.Samples())
}

// keep adds rules, and forgets those that are no more.
func (w *watched) keep(r *rules.Rules) {
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

// addPolicies adds the policies that show numbers and are new.
func (w *watched) addPolicies(all []policy.Policy) {
	var lent lentGauges
	all = slices.DeleteFunc(slices.Clone(all), func(p policy.Policy) bool {
		own, ok := p.(policy.Gauged)
		return !ok || len(lent.shownBy(own).All) == 0
	})
	w.mu.Lock()
	for _, p := range all {
		if !reflect.ValueOf(p).Comparable() || !slices.Contains(w.policies, p) {
			w.policies = append(w.policies, p)
		}
	}
	w.mu.Unlock()
	w.meet(slices.Values(all))
}

// look reads the present states of rules.
func (w *watched) look() sums {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := sums{}
	overflowed := w.overflowed
	for i := range w.rules {
		known := &w.rules[i]
		if r := known.rules.Value(); r != nil {
			known.overflowed = int64(r.Overflowed()) //nolint:gosec // far below the bounds
			if n := r.Len(); n > 0 {
				found.add(w.keys, *attribute.EmptySet(), int64(n))
			}
			for _, o := range r.Steering().InForce() {
				found.add(w.overrides, actionSets[o.Action], 1)
			}
		}
		overflowed += known.overflowed
	}
	found.add(w.overflow, *attribute.EmptySet(), overflowed)
	for kind, n := range misuse.Counts() {
		found.add(w.misuses, attribute.NewSet(attribute.String("afloat.misuse.kind", string(kind))), int64(n)) //nolint:gosec // far below the bounds
	}
	return found
}

// read reads the numbers of all policies that there are instruments for, and reports them.
func (w *watched) read(all *gauges, to metric.Observer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, known := range w.rules {
		if r := known.rules.Value(); r != nil {
			for live := range r.Live() {
				all.look(live, w.metrics[live.Side].sets)
			}
		}
	}
	for _, p := range w.policies {
		all.look(rules.Live{Policy: p, Side: policy.Local}, w.metrics[policy.Local].sets)
	}
	all.report(to)
}
