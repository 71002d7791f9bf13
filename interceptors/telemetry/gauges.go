package telemetry

import (
	"cmp"
	"iter"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// gauges are observable instruments of numbers that policies show of themselves.
type gauges map[gaugeID]metric.Observable

// gaugeID is the name of a number, and the side of the calls.
type gaugeID struct {
	side policy.Side
	name string
}

// add makes the instruments of a number, one for each side.
func (all gauges) add(m *maker, n policy.Gauge) {
	for side := range policy.Local + 1 {
		c, err := instrument(m.meter, "afloat."+side.String()+"."+n.Name, n)
		if err != nil {
			m.faults = append(m.faults, err)
			return
		}
		all[gaugeID{side, n.Name}] = c
	}
}

// instrument makes that of a number under a name.
func instrument(m metric.Meter, name string, n policy.Gauge) (metric.Observable, error) {
	if n.IsTime {
		return m.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(n.Description))
	}
	return m.Int64ObservableUpDownCounter(name, metric.WithUnit(n.Unit), metric.WithDescription(n.Description))
}

// observables returns the instruments.
func (all gauges) observables() []metric.Observable {
	var list []metric.Observable
	for _, c := range all {
		list = append(list, c)
	}
	return list
}

// look adds the numbers of one policy to what was found.
func (all gauges) look(found sums, l rules.Live, sets *memo[policyID, *gaugeSets]) {
	if !isGauged(l.Policy) || !found.first(l) {
		return
	}
	shown := shownBy(l.Policy)
	id := newPolicyID("", cmp.Or(shown.Name, l.Name), l.Target, shown.Shadow)
	for _, n := range shown.All {
		if c, ok := all[gaugeID{l.Side, n.Name}]; ok {
			found.show(c, sets.of(id).of(n), n)
		}
	}
}

// isGauged reports whether a policy may show numbers of itself.
func isGauged(p policy.Policy) bool {
	_, ok := p.(policy.Gauged)
	return ok
}

// shownBy returns what a policy shows of itself: nothing if it cannot, as a nil one.
func shownBy(p policy.Policy) (g policy.Gauges) {
	defer contain.Panic()
	if own, ok := p.(policy.Gauged); ok {
		g = own.Gauges()
	}
	return g
}

// newNumbers yields the numbers that policies show, each name once, except those that
// were met before. It notes that they were.
func newNumbers(all iter.Seq[policy.Policy], met map[string]bool) iter.Seq[policy.Gauge] {
	return func(yield func(policy.Gauge) bool) {
		for p := range all {
			for _, n := range shownBy(p).All {
				if was := met[n.Name]; was {
					continue
				}
				met[n.Name] = true
				if !yield(n) {
					return
				}
			}
		}
	}
}

// gaugeSets are the attributes of the numbers of a policy.
type gaugeSets struct {
	attrs []attribute.KeyValue
	plain attribute.Set
	// states are those of numbers that have states, by name and state.
	states map[string]map[string]attribute.Set
}

// maxStates bounds the states of a number. See maxKept.
const maxStates = 6

// newGaugeSets makes the attributes of a policy.
func newGaugeSets(id policyID) *gaugeSets {
	attrs := id.attributes()
	return &gaugeSets{attrs, attribute.NewSet(attrs...), map[string]map[string]attribute.Set{}}
}

// of returns the attributes of a number.
func (s *gaugeSets) of(n policy.Gauge) attribute.Set {
	if n.State == "" {
		return s.plain
	}
	known := s.states[n.Name]
	if known == nil {
		known = map[string]attribute.Set{}
		s.states[n.Name] = known
	}
	state := n.State
	if _, ok := known[state]; !ok && len(known) >= maxStates {
		state = other
	}
	set, ok := known[state]
	if !ok {
		set = attribute.NewSet(append(slices.Clip(s.attrs), attribute.String("afloat."+n.Name, nameOf(state)))...)
		known[state] = set
	}
	return set
}
