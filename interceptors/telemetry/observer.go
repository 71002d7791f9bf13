package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/step"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/afloat-go/afloat/interceptors/telemetry"

// Observer reports what it hears to OpenTelemetry and to a log. It is a
// policy.Observer, a degrade.Observer, a step.Observer, a fanout.Observer, an
// override.Observer and a config.Observer. It is safe for concurrent use. Make one with [New]; the
// zero Observer must not be used.
type Observer struct {
	spans

	logger *slog.Logger // nil: slog.Default()

	calls     [policy.Local + 1]*calls
	policies  policies
	steps     *steps
	responses *responses
	changes   *changes
	steerings *steerings
	overruns  *overruns
	watched   *watched
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
	given = given.withDefaults()
	m := &maker{meter: given.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(version()), metric.WithSchemaURL(semconv.SchemaURL))}
	o := newObserver(given, m)
	if err := errors.Join(m.faults...); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return o, nil
}

// newObserver returns an observer with instruments by m.
func newObserver(given options, m *maker) *Observer {
	_, nowhere := given.tracers.(noop.TracerProvider)
	o := &Observer{
		spans: spans{
			tracer: given.tracers.Tracer(ScopeName,
				trace.WithInstrumentationVersion(version()), trace.WithSchemaURL(semconv.SchemaURL)),
			tracing: !nowhere,
		},
		logger: given.logger,
	}
	for s := range o.calls {
		o.calls[s] = newCalls(m, policy.Side(s))
		o.policies[s] = newPolicyMetrics(m, policy.Side(s))
	}
	o.steps, o.responses, o.changes, o.overruns = newSteps(m), newResponses(m), newChanges(m), newOverruns(m)
	o.steerings = newSteerings(m)
	o.watched = newWatched(m, &o.policies, func(err error) {
		o.log(context.Background(), slog.LevelWarn, "policies have numbers that cannot be measured", slog.Any("error", err))
	})
	return o
}

// modulePath is the path of this module.
const modulePath = "github.com/afloat-go/afloat"

// version returns the version of this module in the running program, "" if it is not
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

// Interest implements [policy.Selective]. It leaves out calls that were simply let
// through, and needs no times, which otelgrpc measures.
func (*Observer) Interest() policy.Interest { return policy.Interest{} }

// Admitted implements [policy.Observer]. It notes on the span of the call that the
// call had to wait, is a probe, or would have been refused by a policy that only
// watches.
func (o *Observer) Admitted(ctx context.Context, call *policy.Call, a policy.Admitted) context.Context {
	o.calls[call.Side].admitted(ctx, call, a)
	return o.admittedSpans(ctx, call, a)
}

// Rejected implements [policy.Observer]. It counts the call and notes the refusal on
// its span. It makes that span if there is none: a server's call has otelgrpc's, and
// a step has its own.
func (o *Observer) Rejected(ctx context.Context, call *policy.Call, r policy.Rejected) {
	if refused := o.calls[call.Side].rejected(ctx, call, r, o.tracing); o.tracing {
		o.refusedSpan(ctx, call, refused, r)
	}
}

// Settled implements [policy.Observer]. It counts the call.
func (o *Observer) Settled(ctx context.Context, call *policy.Call, outcome *policy.Outcome) {
	o.calls[call.Side].settled(ctx, call, outcome)
}

// Leaked implements [policy.Observer]. It counts the stream.
func (o *Observer) Leaked(call *policy.Call) { o.calls[call.Side].streamLeaked(call) }

// Overran implements [policy.Observer]. It counts the handler.
func (o *Observer) Overran(call *policy.Call, overrun policy.Overrun) {
	o.overruns.overran(call, overrun)
}

// Transition implements [policy.Observer]. It counts the change and logs it as a
// warning.
func (o *Observer) Transition(t policy.Transition) {
	o.policies[t.Side].transition(t)
	o.log(context.Background(), slog.LevelWarn, "circuit changed its state", transitionRecord(t)...)
}

// Late implements [policy.Observer]. It counts the result.
func (o *Observer) Late(l policy.Late) { o.policies[l.Side].lateResult(l) }

// Watch implements [rules.Watcher]. From then on, metrics have the present states of
// the policies of r, for as long as r is in use.
func (o *Observer) Watch(r *rules.Rules) { o.watched.add(r) }

// WatchPolicies adds metrics of the present states of policies outside of rules, such
// as the guards of a plan's steps. It takes whatever is a policy.Gauged, as breakers,
// bulkheads and rate limits are, which should have names, and ignores nil, other
// policies, and those it already has.
// The Observer keeps the policies from then on.
func (o *Observer) WatchPolicies(all ...policy.Policy) { o.watched.addPolicies(all) }

// StepStarted implements [step.Observer]. It begins the span of the step.
func (o *Observer) StepStarted(ctx context.Context, id step.ID) context.Context {
	if !o.tracing {
		return ctx
	}
	return o.steps.started(ctx, o.tracer, id)
}

// StepEnded implements [step.Observer]. It ends the span of the step and counts
// failures, steps that are left behind, and steps that end after that.
func (o *Observer) StepEnded(ctx context.Context, id step.ID, e step.Ended) {
	if late := o.steps.ended(ctx, id, e); late && o.tracing {
		o.steps.lateSpan(ctx, o.tracer, id, e)
	}
}

// FellBack implements [step.Observer]. It counts the answer and logs it at info,
// because it is planned for.
func (o *Observer) FellBack(ctx context.Context, f step.FellBack) {
	o.steps.fellBack(ctx, f)
	o.log(ctx, slog.LevelInfo, "a fallback answered", fellBackRecord(f)...)
}

// Gathered implements fanout.Observer. It counts the run.
func (o *Observer) Gathered(ctx context.Context, plan string, r degrade.Report, err error) {
	o.responses.gathered(ctx, plan, r, err)
}

// Answered implements [degrade.Observer]. It counts the degraded fields and names
// them on the span of the server's call.
func (o *Observer) Answered(ctx context.Context, r degrade.Response) { o.responses.answered(ctx, r) }

// RulesApplied implements config.Observer. It counts a change of rules that
// was applied.
func (o *Observer) RulesApplied(source string, _ int) { o.changes.changed(source, "applied") }

// RulesRefused implements config.Observer. It counts a change of rules that was
// refused. It does not log the reason, because package config does.
func (o *Observer) RulesRefused(source string, _ error) { o.changes.changed(source, "refused") }

// Steered implements [override.Observer]. It counts what was done by hand. It does not log
// it, because package rules does.
func (o *Observer) Steered(c override.Change) { o.steerings.steered(c) }

// log writes a record to the logger.
func (o *Observer) log(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	l := o.logger
	if l == nil {
		l = slog.Default()
	}
	l.LogAttrs(ctx, level, msg, attrs...)
}
