package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	promexport "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// Config says where else than to OTLP and Prometheus things go.
type Config struct {
	// Records gets all log records besides. Nil: nothing does.
	Records slog.Handler
}

// Providers make what services need to be observed. It is not safe for concurrent
// use; what it makes is.
type Providers struct {
	cfg       Config
	exporters exporters
	registry  *prometheus.Registry
	services  map[string]*Service
}

// Start reads the environment and makes the exporters that it asks for. It connects
// to nothing yet.
func Start(ctx context.Context, cfg Config) (*Providers, error) {
	signals, err := asked()
	if err != nil {
		return nil, err
	}
	exporters, err := newExporters(ctx, signals, cfg.Records)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("observe: %w", err), once(exporters.shut(ctx)))
	}
	return &Providers{
		cfg: cfg, exporters: exporters, registry: prometheus.NewRegistry(), services: map[string]*Service{},
	}, nil
}

// Metrics answers Prometheus with the metrics of all services.
func (p *Providers) Metrics() http.Handler {
	return promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{})
}

// Shutdown sends what has not been sent, for as long as ctx allows, and ends
// everything.
func (p *Providers) Shutdown(ctx context.Context) error {
	var faults []error
	for _, s := range p.services {
		faults = append(faults, s.shut(ctx)...)
	}
	return once(append(faults, p.exporters.shut(ctx)...))
}

// once joins faults, each once: a receiver that is away is away for all services.
func once(faults []error) error {
	var distinct []error
	said := map[string]bool{}
	for _, fault := range faults {
		if fault != nil && !said[fault.Error()] {
			said[fault.Error()] = true
			distinct = append(distinct, fmt.Errorf("observe: shut down: %w", fault))
		}
	}
	return errors.Join(distinct...)
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
	s.observer, err = telemetry.New(telemetry.WithTracerProvider(s.tracers), telemetry.WithMeterProvider(s.meters), //nolint:contextcheck // what it observes has contexts of its own
		telemetry.WithLogger(s.logger))
	return s, err
}

// tracing returns the options for the spans of a service: none are made if nobody is to get them.
func (p *Providers) tracing(about *resource.Resource) []trace.TracerProviderOption {
	opts := []trace.TracerProviderOption{trace.WithResource(about)}
	if p.exporters.spans == nil {
		return append(opts, trace.WithSampler(trace.NeverSample()))
	}
	return append(opts, trace.WithSpanProcessor(p.exporters.spans))
}

// logging returns the options for the log records of a service.
func (p *Providers) logging(about *resource.Resource) []log.LoggerProviderOption {
	opts := []log.LoggerProviderOption{log.WithResource(about)}
	if p.exporters.records != nil {
		opts = append(opts, log.WithProcessor(p.exporters.records))
	}
	return opts
}

// measuring returns the options for the metrics of a service: they are scraped, and
// exported if somebody is to get them.
func (p *Providers) measuring(about *resource.Resource) ([]metric.Option, error) {
	scraped, err := promexport.New(promexport.WithRegisterer(p.registry),
		promexport.WithoutTargetInfo(), promexport.WithoutScopeInfo(),
		promexport.WithResourceAsConstantLabels(attribute.NewAllowKeysFilter(semconv.ServiceNameKey)))
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
