package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/afloat-go/afloat/interceptors/telemetry"

// Observer reports what it hears to OpenTelemetry and to a log. It is a
// policy.Observer, a degrade.Observer, a step.Observer, a fanout.Observer and
// a config.Observer. It is safe for concurrent use. Make one with [New]; the
// zero Observer must not be used.
type Observer struct {
	tracer trace.Tracer
	// tracing is false if spans would go nowhere; then none are made.
	tracing bool
	logger  *slog.Logger // nil: slog.Default()

	sides [policy.Local + 1]*side
	steps *steps
	plans *plans

	changes *changes

	mu       sync.Mutex // guards what follows
	rules    []watchedRules
	gone     int64 // what rules had counted that are no more
	policies []policy.Policy
}

// New returns an observer, or all faults of the options and all errors of the
// meter about the instruments, joined.
func New(opts ...Option) (*Observer, error) {
	var given options
	if err := validate.Options("telemetry", opts); err != nil {
		return nil, err
	}
	for _, opt := range opts {
		opt.apply(&given)
	}
	if given.tracers == nil {
		given.tracers = otel.GetTracerProvider()
	}
	if given.meters == nil {
		given.meters = otel.GetMeterProvider()
	}
	_, nowhere := given.tracers.(noop.TracerProvider)
	o := &Observer{
		tracer: given.tracers.Tracer(ScopeName,
			trace.WithInstrumentationVersion(version()), trace.WithSchemaURL(semconv.SchemaURL)),
		tracing: !nowhere,
		logger:  given.logger,
	}
	m := &maker{meter: given.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(version()), metric.WithSchemaURL(semconv.SchemaURL))}
	for s := range o.sides {
		o.sides[s] = newSide(m, policy.Side(s))
	}
	o.steps, o.plans, o.changes = newSteps(m), newPlans(m), newChanges(m)
	o.observe(m)
	if err := errors.Join(m.faults...); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return o, nil
}

// log is the logger.
func (o *Observer) log(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	l := o.logger
	if l == nil {
		l = slog.Default()
	}
	l.LogAttrs(ctx, level, msg, attrs...)
}

// modulePath is the path of this module.
const modulePath = "github.com/afloat-go/afloat"

// version is the version of this module in the running program, empty if not
// known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return ""
}
