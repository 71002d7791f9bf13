package observe

import (
	"log/slog"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/step"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// ServerOptions has the calls that the service answers traced and measured.
func (s *Service) ServerOptions() []grpc.ServerOption {
	if s == nil {
		return nil
	}
	return []grpc.ServerOption{grpc.StatsHandler(otelgrpc.NewServerHandler(s.traced()...))}
}

// DialOptions has the calls that the service makes traced and measured.
func (s *Service) DialOptions() []grpc.DialOption {
	if s == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler(s.traced()...)))}
}

func (s *Service) traced() []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(s.tracers), otelgrpc.WithMeterProvider(s.meters),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
	}
}

// Rules has rules, their policies and what is called under them observed.
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

// Fallbacks observes the fallbacks of a client.
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

// Logger is for what the service itself has to say.
func (s *Service) Logger() *slog.Logger {
	if s == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.logger
}
