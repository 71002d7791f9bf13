package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// Service is one service as OpenTelemetry sees it.
type Service struct {
	// Observer hears of everything that afloat does in the service.
	Observer *telemetry.Observer

	tracers *trace.TracerProvider
	meters  *metric.MeterProvider
	records *log.LoggerProvider
}

// Service makes the service of that name. Its metrics have the name as the label
// service_name.
func (p *Providers) Service(ctx context.Context, name string) (*Service, error) {
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithFromEnv(),
		resource.WithAttributes(semconv.ServiceName(name)))
	if err != nil {
		return nil, fmt.Errorf("observe: %s: %w", name, err)
	}
	s := &Service{}
	p.services = append(p.services, s)
	s.tracers = trace.NewTracerProvider(p.tracing(about)...)
	s.records = log.NewLoggerProvider(p.logging(about)...)
	measuring, err := p.measuring(about)
	if err != nil {
		return nil, fmt.Errorf("observe: %s: %w", name, err)
	}
	s.meters = metric.NewMeterProvider(measuring...)
	s.Observer, err = telemetry.New(telemetry.WithTracerProvider(s.tracers), telemetry.WithMeterProvider(s.meters),
		telemetry.WithLogger(slog.New(p.handler(name, s.records))))
	return s, err
}

func (p *Providers) tracing(about *resource.Resource) []trace.TracerProviderOption {
	opts := []trace.TracerProviderOption{trace.WithResource(about)}
	if p.exporters.spans == nil {
		return append(opts, trace.WithSampler(trace.NeverSample()))
	}
	return append(opts, trace.WithSpanProcessor(p.exporters.spans))
}

func (p *Providers) logging(about *resource.Resource) []log.LoggerProviderOption {
	opts := []log.LoggerProviderOption{log.WithResource(about)}
	if p.exporters.records != nil {
		opts = append(opts, log.WithProcessor(p.exporters.records))
	}
	return opts
}

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

// handler is where the log records of a service go.
func (p *Providers) handler(name string, records *log.LoggerProvider) slog.Handler {
	handlers := []slog.Handler{otelslog.NewHandler(telemetry.ScopeName, otelslog.WithLoggerProvider(records))}
	if p.cfg.Records != nil {
		handlers = append(handlers, p.cfg.Records.WithAttrs([]slog.Attr{slog.String("service", name)}))
	}
	return slog.NewMultiHandler(handlers...)
}

// ServerOptions has the calls that the service answers traced and measured.
func (s *Service) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(s.options()...))}
}

// DialOptions has the calls that the service makes traced and measured.
func (s *Service) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler(s.options()...)))}
}

func (s *Service) options() []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(s.tracers), otelgrpc.WithMeterProvider(s.meters),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
	}
}

// shut sends the last metrics.
func (s *Service) shut(ctx context.Context) error {
	if s.meters == nil {
		return nil
	}
	return errors.Join(s.meters.Shutdown(ctx), s.tracers.ForceFlush(ctx), s.records.ForceFlush(ctx))
}
