package telemetry

import (
	"log/slog"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Option changes where an [Observer] reports to.
type Option interface{ apply(*options) }

type options struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	logger  *slog.Logger
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithTracerProvider has spans made by p. Nil, and the default: the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return optionFunc(func(o *options) { o.tracers = p })
}

// WithMeterProvider has measurements recorded by p. Nil, and the default: the
// global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return optionFunc(func(o *options) { o.meters = p })
}

// WithLogger has records logged by l. Nil, and the default: slog.Default(), as it
// is at the time.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(o *options) { o.logger = l })
}
