package observe

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// Service is one service as OpenTelemetry sees it. A nil *Service is one that nobody
// observes.
type Service struct {
	observer *telemetry.Observer
	logger   *slog.Logger
	tracers  *trace.TracerProvider
	meters   *metric.MeterProvider
	records  *log.LoggerProvider
}

// Service returns the service of that name, which is made when it is first asked
// for. Its metrics have the name as the label service_name. Nil Providers have
// services that nobody observes.
func (p *Providers) Service(ctx context.Context, name string) (*Service, error) {
	if p == nil || p.services[name] != nil {
		return p.known(name), nil
	}
	s, err := p.newService(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("observe: %s: %w", name, err)
	}
	p.services[name] = s
	return s, nil
}

// known returns the service of that name, nil if there is none yet.
func (p *Providers) known(name string) *Service {
	if p == nil {
		return nil
	}
	return p.services[name]
}

// newService makes the providers of a service.
func (p *Providers) newService(ctx context.Context, name string) (*Service, error) {
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithFromEnv(),
		resource.WithAttributes(semconv.ServiceName(name)))
	if err != nil { // of what is asked here only the environment can be wrong
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES = %q: %w", os.Getenv("OTEL_RESOURCE_ATTRIBUTES"), err)
	}
	measuring, err := p.measuring(about)
	if err != nil {
		return nil, err
	}
	s := &Service{
		tracers: trace.NewTracerProvider(p.tracing(about)...),
		meters:  metric.NewMeterProvider(measuring...),
		records: log.NewLoggerProvider(p.logging(about)...),
	}
	s.logger = slog.New(p.handler(name, s.records))
	s.observer, err = telemetry.New(telemetry.WithTracerProvider(s.tracers), telemetry.WithMeterProvider(s.meters),
		telemetry.WithLogger(s.logger))
	return s, err
}

// tracing returns the options for its spans: none are made if nobody is to get them.
func (p *Providers) tracing(about *resource.Resource) []trace.TracerProviderOption {
	opts := []trace.TracerProviderOption{trace.WithResource(about)}
	if p.exporters.spans == nil {
		return append(opts, trace.WithSampler(trace.NeverSample()))
	}
	return append(opts, trace.WithSpanProcessor(p.exporters.spans))
}

// logging returns the options for its log records.
func (p *Providers) logging(about *resource.Resource) []log.LoggerProviderOption {
	opts := []log.LoggerProviderOption{log.WithResource(about)}
	if p.exporters.records != nil {
		opts = append(opts, log.WithProcessor(p.exporters.records))
	}
	return opts
}

// measuring returns the options for its metrics: they are scraped, and exported if somebody is to get them.
func (p *Providers) measuring(about *resource.Resource) ([]metric.Option, error) {
	scraped, err := prometheus.New(prometheus.WithRegisterer(p.registry),
		prometheus.WithoutTargetInfo(), prometheus.WithoutScopeInfo(),
		prometheus.WithResourceAsConstantLabels(attribute.NewAllowKeysFilter(semconv.ServiceNameKey)))
	opts := []metric.Option{metric.WithResource(about), metric.WithReader(scraped)}
	if p.exporters.metrics != nil {
		opts = append(opts, metric.WithReader(metric.NewPeriodicReader(shared{p.exporters.metrics})))
	}
	return opts, err
}

// handler returns what the log records of a service go to.
func (p *Providers) handler(name string, records *log.LoggerProvider) slog.Handler {
	handlers := []slog.Handler{otelslog.NewHandler(telemetry.ScopeName, otelslog.WithLoggerProvider(records))}
	if p.cfg.Records != nil {
		handlers = append(handlers, p.cfg.Records.WithAttrs([]slog.Attr{slog.String("service", name)}))
	}
	return slog.NewMultiHandler(handlers...)
}

// shut sends the last metrics.
func (s *Service) shut(ctx context.Context) []error {
	return []error{s.meters.Shutdown(ctx), s.tracers.ForceFlush(ctx), s.records.ForceFlush(ctx)}
}
