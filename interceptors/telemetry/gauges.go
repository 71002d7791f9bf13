package telemetry

import (
	"cmp"
	"iter"
	"reflect"

	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// gauges are observable instruments of numbers that policies show of themselves. Those
// that were made together are read together.
type gauges struct {
	made map[gaugeID]metric.Observable

	// What follows is of one reading, and guarded by the lock of the watched.
	seen    map[sight]bool
	lent    lentGauges
	touched []*point
	// last is the policy of the last sets: the policies of a method come one after the other.
	last     policyID
	lastIn   *memo[policyID, *gaugeSets]
	lastSets *gaugeSets
}

// gaugeID is the name of a number, and the side of the calls.
type gaugeID struct {
	side policy.Side
	name string
}

// sight is a policy and the side for which it is looked at.
type sight struct {
	policy policy.Policy
	side   policy.Side
}

// newGauges returns no instruments.
func newGauges() *gauges {
	return &gauges{made: map[gaugeID]metric.Observable{}, seen: map[sight]bool{}}
}

// add makes the instruments of a number, one for each side.
func (g *gauges) add(m *maker, n policy.Gauge) {
	for side := range policy.Local + 1 {
		c, err := instrument(m.meter, "afloat."+side.String()+"."+n.Name, n)
		if err != nil {
			m.faults = append(m.faults, err)
			return
		}
		g.made[gaugeID{side, n.Name}] = c
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
func (g *gauges) observables() []metric.Observable {
	var list []metric.Observable
	for _, c := range g.made {
		list = append(list, c)
	}
	return list
}

// look adds the numbers of one policy to what was found.
func (g *gauges) look(l rules.Live, known *memo[policyID, *gaugeSets]) {
	p, ok := l.Policy.(policy.Gauged)
	if !ok || !g.first(l) {
		return
	}
	shown := g.lent.shownBy(p)
	sets := g.setsOf(newPolicyID("", cmp.Or(shown.Name, l.Name), l.Target, shown.Shadow), known)
	for i := range shown.All {
		n := &shown.All[i]
		if at := g.point(sets, n, l.Side); at != nil && at.of == g && at.add(n) {
			g.touched = append(g.touched, at)
		}
	}
}

// point returns the series of a number, nil if there is no instrument for it here.
func (g *gauges) point(sets *gaugeSets, n *policy.Gauge, side policy.Side) *point {
	if at := sets.find(n.Name, n.State); at != nil {
		return at
	}
	to, ok := g.made[gaugeID{side, n.Name}]
	if !ok {
		return nil
	}
	return sets.make(n, to, g)
}

// first reports whether the policy was not seen before: one by rules.Use may be in
// several rules.
func (g *gauges) first(l rules.Live) bool {
	if reflect.TypeOf(l.Policy).Kind() != reflect.Pointer && !reflect.ValueOf(l.Policy).Comparable() {
		return true // Use tells those apart too
	}
	at := sight{l.Policy, l.Side}
	was := g.seen[at]
	if !was {
		g.seen[at] = true
	}
	return !was
}

// setsOf returns the sets of a policy.
func (g *gauges) setsOf(id policyID, known *memo[policyID, *gaugeSets]) *gaugeSets {
	if g.lastSets == nil || g.lastIn != known || g.last != id {
		g.last, g.lastIn, g.lastSets = id, known, known.of(id)
	}
	return g.lastSets
}

// report hands what was found to OpenTelemetry, and forgets it: policies that are no more
// must not be kept.
func (g *gauges) report(to metric.Observer) {
	for _, at := range g.touched {
		at.report(to)
	}
	clear(g.seen)
	g.lent = lentGauges{}
	g.touched, g.last, g.lastSets = g.touched[:0], policyID{}, nil
}

// lentGauges are what policies are lent to show their numbers in, one after the other.
type lentGauges struct {
	shown, none policy.Gauges
	// room is where the numbers go. A policy may have put others in their place, which are
	// its own.
	room []policy.Gauge
}

// shownBy returns what a policy shows of itself, until it is asked again: nothing if it
// panics, as a nil one does.
func (l *lentGauges) shownBy(p policy.Gauged) *policy.Gauges {
	if n := len(l.shown.All); n > cap(l.room) {
		l.room = make([]policy.Gauge, 0, 2*n)
	}
	l.shown = policy.Gauges{All: l.room[:0]}
	if !l.ask(p) {
		return &l.none
	}
	return &l.shown
}

// ask lets a policy show its numbers, and reports whether it did without a panic.
func (l *lentGauges) ask(p policy.Gauged) (shown bool) {
	defer contain.Panic()
	p.Gauges(&l.shown)
	return true
}

// newNumbers yields the numbers that policies show, each name once, except those that
// were met before. It notes that they were.
func newNumbers(all iter.Seq[policy.Policy], met map[string]bool) iter.Seq[policy.Gauge] {
	return func(yield func(policy.Gauge) bool) {
		var lent lentGauges
		for p := range all {
			own, ok := p.(policy.Gauged)
			if !ok {
				continue
			}
			for _, n := range lent.shownBy(own).All {
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
