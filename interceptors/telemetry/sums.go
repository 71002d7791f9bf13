package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// sums are the values of one collection. What has the same attributes is summed up.
type sums map[series]total

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
	s[key] = total{set, s[key].n + n}
}

// report hands the totals to OpenTelemetry.
func (s sums) report(to metric.Observer) {
	for key, t := range s {
		to.ObserveInt64(key.instrument, t.n, metric.WithAttributeSet(t.set))
	}
}
