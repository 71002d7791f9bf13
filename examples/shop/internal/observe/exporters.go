package observe

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

// exporters are what all services share. Those of signals that nobody asked for are
// nil.
type exporters struct {
	spans   trace.SpanProcessor
	metrics metric.Exporter
	records log.Processor
}

// newExporters makes those that are asked for. Their connections are guarded like any
// other; what the guard has to say goes to records, and never to OTLP, which it is
// about.
func newExporters(ctx context.Context, s signals, records slog.Handler) (e exporters, err error) {
	guard, err := guardExports(records) //nolint:contextcheck // what it observes has contexts of its own
	if err != nil {
		return e, err
	}
	if s.traces {
		exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithDialOption(guard...))
		if err != nil {
			return e, err
		}
		e.spans = trace.NewBatchSpanProcessor(exporter)
	}
	if s.logs {
		exporter, err := otlploggrpc.New(ctx, otlploggrpc.WithDialOption(guard...))
		if err != nil {
			return e, err
		}
		e.records = log.NewBatchProcessor(exporter)
	}
	if s.metrics {
		exporter, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithDialOption(guard...))
		if err != nil {
			return e, err
		}
		e.metrics = exporter
	}
	return e, nil
}

// shut sends what there still is, and ends the exporters. The metrics have been sent
// by their readers.
func (e exporters) shut(ctx context.Context) (faults []error) {
	if e.spans != nil {
		faults = append(faults, e.spans.Shutdown(ctx))
	}
	if e.metrics != nil {
		faults = append(faults, e.metrics.Shutdown(ctx))
	}
	if e.records != nil {
		faults = append(faults, e.records.Shutdown(ctx))
	}
	return faults
}

// shared is the exporter of metrics as each service's reader has it: it ends with the
// last of them.
type shared struct{ metric.Exporter }

// Shutdown leaves the exporter to the others.
func (shared) Shutdown(context.Context) error { return nil }
