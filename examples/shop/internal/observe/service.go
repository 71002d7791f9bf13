package observe

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/step"
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

// shut sends the last metrics.
func (s *Service) shut(ctx context.Context) []error {
	return []error{s.meters.Shutdown(ctx), s.tracers.ForceFlush(ctx), s.records.ForceFlush(ctx)}
}

// ServerOptions returns the options that trace and measure the calls which the service
// answers.
func (s *Service) ServerOptions() []grpc.ServerOption {
	if s == nil {
		return nil
	}
	return []grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(s.traced()...))}
}

// DialOptions returns the options that trace and measure the calls which the service
// makes.
func (s *Service) DialOptions() []grpc.DialOption {
	if s == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler(s.traced()...)))}
}

// traced returns the options of the handlers for spans and metrics.
func (s *Service) traced() []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(s.tracers), otelgrpc.WithMeterProvider(s.meters),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
	}
}

// Rules returns the options that observe rules, their policies and the calls under them.
func (s *Service) Rules() []rules.Option {
	if s == nil {
		return nil
	}
	return []rules.Option{rules.WithObserver(s.observer)}
}

// Changes observes changes of rules.
func (s *Service) Changes() config.Observer {
	if s == nil {
		return nil
	}
	return s.observer
}

// Fallbacks returns who observes the fallbacks of a client.
func (s *Service) Fallbacks() step.Observer {
	if s == nil {
		return nil
	}
	return s.observer
}

// Plans observes plans.
func (s *Service) Plans() fanout.Observer {
	if s == nil {
		return nil
	}
	return s.observer
}

// Logger returns the logger for what the service itself has to say.
func (s *Service) Logger() *slog.Logger {
	if s == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.logger
}
