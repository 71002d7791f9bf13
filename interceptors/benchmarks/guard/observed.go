package main

import (
	"context"
	"log/slog"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// watched is a guard that somebody observes, or nobody.
type watched struct {
	name    string
	options func() ([]rules.Option, error)
	goal    *measure.Goal // of what it costs an admitted call
}

// observers returns nobody, nobody again, and what a program may have.
func observers() []watched {
	quiet := telemetry.WithLogger(slog.New(slog.DiscardHandler))
	withTelemetry := func(opts ...telemetry.Option) func() ([]rules.Option, error) {
		return func() ([]rules.Option, error) {
			o, err := telemetry.New(append(opts, quiet)...)
			return []rules.Option{rules.WithObserver(o)}, err
		}
	}
	nobody := watched{"nobody", func() ([]rules.Option, error) { return nil, nil }, nil}
	noTraces := telemetry.WithTracerProvider(tracenoop.NewTracerProvider())
	noMetrics := telemetry.WithMeterProvider(metricnoop.NewMeterProvider())
	sdk := telemetry.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())))
	traces := telemetry.WithTracerProvider(trace.NewTracerProvider())
	return []watched{
		nobody, nobody,
		{"telemetry, no-op providers", withTelemetry(noTraces, noMetrics), &measure.Goal{Most: 25}},
		{"telemetry, the SDK's metrics", withTelemetry(noTraces, sdk), &measure.Goal{Most: 220}},
		{"telemetry, the SDK's metrics and traces", withTelemetry(traces, sdk), &measure.Goal{}},
	}
}

// observed measures what telemetry adds to a guarded call, one goroutine, one method.
func observed(ctx context.Context, e measure.Effort, p *measure.Page) error {
	for _, kind := range []string{admitted, refused} {
		l := load{kind, 1, 1, true}
		if err := l.observed(ctx, e, p); err != nil {
			return err
		}
	}
	return nil
}

func (l load) observed(ctx context.Context, e measure.Effort, p *measure.Page) error {
	ctx, cancel := l.caller(ctx)
	defer cancel()
	var systems []measure.System
	for _, w := range observers() { //nolint:contextcheck // telemetry is not the call's
		s, err := l.sample(ctx, peers.Peer{Name: w.name, New: w.guard})
		if err != nil {
			return err
		}
		if l.kind == refused {
			w.goal = nil
		}
		systems = append(systems, measure.System{Name: w.name, Sample: s, Goal: w.goal})
	}
	p.Compare(e, l.String()+", more than observed by nobody", measure.More(), systems)
	return nil
}

// guard returns the plain guard that is observed.
func (w watched) guard(cfg peers.Config) (grpc.UnaryClientInterceptor, error) {
	opts, err := w.options()
	if err != nil {
		return nil, err
	}
	rules, err := peers.Rules(cfg, opts...)
	if err != nil {
		return nil, err
	}
	return interceptors.UnaryClientInterceptor(rules), nil
}
