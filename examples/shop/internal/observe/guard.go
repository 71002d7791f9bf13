package observe

import (
	"log/slog"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// guardExports returns the guard of the exporters' connections. A receiver that is away
// is left alone for a second at a time; the exporters keep what they have and try again
// when a refusal tells them to.
func guardExports(records slog.Handler) ([]grpc.DialOption, error) {
	if records == nil {
		records = slog.DiscardHandler
	}
	observer, err := telemetry.New(
		telemetry.WithTracerProvider(tracenoop.NewTracerProvider()), telemetry.WithMeterProvider(metricnoop.NewMeterProvider()),
		telemetry.WithLogger(slog.New(records).With("service", "exporters")))
	if err != nil {
		return nil, err
	}
	rules, err := interceptors.NewRules([]rules.Rule{{Match: "/opentelemetry.*", Policies: []rules.Template{
		timeout.Each(timeout.Config{Max: 5 * time.Second}),
		breaker.Each(breaker.Config{ConsecutiveFailures: 2, OpenFor: time.Second, MaxOpenFor: time.Second}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 4}),
	}}}, rules.WithObserver(observer))
	if err != nil {
		return nil, err
	}
	return interceptors.DialOptions(rules), nil
}
