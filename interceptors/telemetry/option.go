package telemetry

import (
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Option changes where an [Observer] reports to.
type Option interface{ apply(*options) }

// options are the options of an Observer.
type options struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	logger  *slog.Logger
}

// withDefaults returns the options with the global providers where none is given.
func (o options) withDefaults() options {
	if o.tracers == nil {
		o.tracers = otel.GetTracerProvider()
	}
	if o.meters == nil {
		o.meters = otel.GetMeterProvider()
	}
	return o
}

// optionFunc is an option as a function.
type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithTracerProvider sets the provider of spans. Default, and if p is nil: the
// global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return optionFunc(func(o *options) { o.tracers = p })
}

// WithMeterProvider sets the provider of metrics. Default, and if p is nil: the
// global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return optionFunc(func(o *options) { o.meters = p })
}

// WithLogger sets the logger. Default, and if l is nil: slog.Default() at the
// time of each record.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(o *options) { o.logger = l })
}
