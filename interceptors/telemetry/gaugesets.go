package telemetry

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// gaugeSets are the series of the numbers of a policy, or of several with one name. They
// are guarded by the lock of the watched.
type gaugeSets struct {
	attrs  []attribute.KeyValue
	points []*point
	// next is where the next number stands, if policies of a kind show theirs in order.
	next int
}

// maxStates bounds the states of a number. See maxKept.
const maxStates = 6

// newGaugeSets makes the series of a policy.
func newGaugeSets(id policyID) *gaugeSets { return &gaugeSets{attrs: id.attributes()} }

// make makes the series of a number, or returns that of all its states beyond the bound.
func (s *gaugeSets) make(n *policy.Gauge, to metric.Observable, of *gauges) *point {
	state, known := n.State, 0
	for _, p := range s.points {
		if p.name == n.Name {
			known++
		}
	}
	if state != "" && known >= maxStates {
		if p := s.find(n.Name, other); p != nil {
			return p
		}
		state = other
	}
	p := &point{
		name: n.Name, state: state, to: to, of: of,
		with: []metric.ObserveOption{metric.WithAttributeSet(s.set(n.Name, state))},
	}
	s.points = append(s.points, p)
	return p
}

// find returns the series of a number in a state, nil if there is none.
func (s *gaugeSets) find(name, state string) *point {
	for range s.points {
		if s.next >= len(s.points) {
			s.next = 0
		}
		p := s.points[s.next]
		s.next++
		if p.name == name && p.state == state {
			return p
		}
	}
	return nil
}

// set returns the attributes of a number in a state, if it has states.
func (s *gaugeSets) set(name, state string) attribute.Set {
	if state == "" {
		return attribute.NewSet(s.attrs...)
	}
	return attribute.NewSet(append(slices.Clip(s.attrs), attribute.String("afloat."+name, nameOf(state)))...)
}

// point is one series, and what was added up for it while metrics are collected.
type point struct {
	name, state string
	with        []metric.ObserveOption
	// to is the instrument, and of the instruments that it was made with.
	to metric.Observable
	of *gauges

	found   bool
	n       int64
	longest time.Duration
}

// add adds a number, and reports whether it is the first.
func (p *point) add(n *policy.Gauge) (first bool) {
	first = !p.found
	p.found, p.n, p.longest = true, p.n+n.Value, max(p.longest, n.Time)
	return first
}

// report hands the sum, or the longest time, to OpenTelemetry, and begins again.
func (p *point) report(to metric.Observer) {
	switch of := p.to.(type) {
	case metric.Int64Observable:
		to.ObserveInt64(of, p.n, p.with...)
	case metric.Float64Observable:
		to.ObserveFloat64(of, p.longest.Seconds(), p.with...)
	}
	p.found, p.n, p.longest = false, 0, 0
}
