package telemetry

import (
	"reflect"

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
	instrument metric.Int64Observable
	attributes attribute.Distinct
}

// total is the sum of a series.
type total struct {
	set attribute.Set
	n   int64
}

// add adds n to a series.
func (s sums) add(instrument metric.Int64Observable, set attribute.Set, n int64) {
	key := series{instrument, set.Equivalent()}
	s.totals[key] = total{set, s.totals[key].n + n}
}

// report hands the totals to OpenTelemetry.
func (s sums) report(to metric.Observer) {
	for key, t := range s.totals {
		to.ObserveInt64(key.instrument, t.n, metric.WithAttributeSet(t.set))
	}
}
