package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// maker makes instruments and keeps the meter's errors.
type maker struct {
	meter  metric.Meter
	faults []error
}

// counter makes a counter.
func (m *maker) counter(name, unit, description string) metric.Int64Counter {
	c, err := m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.faults = append(m.faults, err)
	return c
}

// upDownCounter makes a counter that also goes down.
func (m *maker) upDownCounter(name, unit, description string) metric.Int64UpDownCounter {
	c, err := m.meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.faults = append(m.faults, err)
	return c
}

// observable makes a sum that is read when metrics are collected.
func (m *maker) observable(name, unit, description string) metric.Int64ObservableUpDownCounter {
	c, err := m.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.faults = append(m.faults, err)
	return c
}

// observableCounter makes a counter that is read when metrics are collected.
func (m *maker) observableCounter(name, unit, description string) metric.Int64ObservableCounter {
	c, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.faults = append(m.faults, err)
	return c
}

// seconds makes a histogram of times in a queue.
func (m *maker) seconds(name, description string) metric.Float64Histogram {
	h, err := m.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10))
	m.faults = append(m.faults, err)
	return h
}

// adding returns the options of a measurement with these attributes, prepared so that
// the measurement itself does not allocate.
func adding(attrs ...attribute.KeyValue) []metric.AddOption {
	return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}
