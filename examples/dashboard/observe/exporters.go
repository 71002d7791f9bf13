package observe

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
)

// exporters are what all services share. Those of signals that nobody asked for are
// nil.
type exporters struct {
	spans   trace.SpanProcessor
	metrics metric.Exporter
	records log.Processor
}

// newExporters makes those that are asked for. Their connections are guarded like
// any other: guard is options to dial with.
func newExporters(ctx context.Context, s signals, guard []grpc.DialOption) (e exporters, err error) {
	var faults []error
	if s.traces {
		exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithDialOption(guard...))
		e.spans, faults = trace.NewBatchSpanProcessor(exporter), append(faults, err)
	}
	if s.metrics {
		e.metrics, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithDialOption(guard...))
		faults = append(faults, err)
	}
	if s.logs {
		exporter, err := otlploggrpc.New(ctx, otlploggrpc.WithDialOption(guard...))
		e.records, faults = log.NewBatchProcessor(exporter), append(faults, err)
	}
	return e, errors.Join(faults...)
}

// shut sends what there still is, and ends the exporters. The metrics have been sent
// by their readers.
func (e exporters) shut(ctx context.Context) error {
	var faults []error
	if e.spans != nil {
		faults = append(faults, e.spans.Shutdown(ctx))
	}
	if e.metrics != nil {
		faults = append(faults, e.metrics.Shutdown(ctx))
	}
	if e.records != nil {
		faults = append(faults, e.records.Shutdown(ctx))
	}
	return errors.Join(faults...)
}

// shared is the exporter of metrics as each service's reader has it: it ends with the
// last of them.
type shared struct{ metric.Exporter }

// Shutdown leaves the exporter to the others.
func (shared) Shutdown(context.Context) error { return nil }
