package telemetry

import (
	"reflect"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// sums are the values of one collection. Policies that have the same
// attributes, such as those of two servers in one process, are summed up.
type sums struct {
	totals map[series]total
	seen   map[sight]bool
}

// sight is a policy and the side for which it is looked at.
type sight struct {
	policy policy.Policy
	side   policy.Side
}

// newSums returns sums of nothing.
func newSums() sums { return sums{map[series]total{}, map[sight]bool{}} }

// first reports whether the policy was not seen before: one by rules.Use may be in
// several rules.
func (s sums) first(l rules.Live) bool {
	if !reflect.ValueOf(l.Policy).Comparable() {
		return true // Use tells those apart too
	}
	at := sight{l.Policy, l.Side}
	was := s.seen[at]
	s.seen[at] = true
	return !was
}

// series is one instrument with one set of attributes.
type series struct {
	instrument metric.Observable
	attributes attribute.Distinct
}

// total is the sum of a series, or its longest time.
type total struct {
	set     attribute.Set
	n       int64
	longest time.Duration
}

// add adds n to a series.
func (s sums) add(instrument metric.Int64Observable, set attribute.Set, n int64) {
	s.show(instrument, set, policy.Gauge{Value: n})
}

// show adds a number to a series.
func (s sums) show(instrument metric.Observable, set attribute.Set, n policy.Gauge) {
	key := series{instrument, set.Equivalent()}
	was := s.totals[key]
	s.totals[key] = total{set, was.n + n.Value, max(was.longest, n.Time)}
}

// report hands the totals to OpenTelemetry.
func (s sums) report(to metric.Observer) {
	for key, t := range s.totals {
		switch of := key.instrument.(type) {
		case metric.Int64Observable:
			to.ObserveInt64(of, t.n, metric.WithAttributeSet(t.set))
		case metric.Float64Observable:
			to.ObserveFloat64(of, t.longest.Seconds(), metric.WithAttributeSet(t.set))
		}
	}
}
