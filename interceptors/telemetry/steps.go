package telemetry

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// steps is the instruments of the steps of plans and chains.
type steps struct {
	failures  metric.Int64Counter
	fallbacks metric.Int64Counter
	late      metric.Int64Counter
	abandoned metric.Int64UpDownCounter

	stepOptions     *memo[step.ID, *stepOptions]
	failureOptions  *memo[failureID, []metric.AddOption]
	fallbackOptions *memo[fallbackID, []metric.AddOption]
}

// stepOptions are the name and the options of a step's span and measurements.
type stepOptions struct {
	span  string
	start []trace.SpanStartOption
	add   []metric.AddOption
}

// failureID is a step and the class of its error.
type failureID struct {
	step   step.ID
	reason string
}

// fallbackID is an answer by a fallback.
type fallbackID struct {
	plan, chain, step string
	state             degrade.State
	reason            degrade.Reason
}

// nameless returns what stands for a step beyond the bound.
func nameless(s step.ID) step.ID {
	return step.ID{Chain: other, Name: other, Fallback: s.Fallback}
}

// nameless returns the id of such failures beyond the bound.
func (id failureID) nameless() failureID { return failureID{nameless(id.step), id.reason} }

// nameless returns the id of such answers beyond the bound.
func (id fallbackID) nameless() fallbackID {
	id.plan, id.chain, id.step = "", other, other
	return id
}

// newSteps makes the instruments of steps.
func newSteps(m *maker) *steps {
	return &steps{
		failures:  m.counter("afloat.step.failures", "{failure}", "Failures of the steps of plans and chains, whether or not another step answered."),
		fallbacks: m.counter("afloat.fallbacks", "{answer}", "Answers by another step than the first."),
		late:      m.counter("afloat.step.late", "{step}", "Steps that brought a value or an error after they had been left behind."),
		abandoned: m.upDownCounter("afloat.step.abandoned", "{step}", "Steps that have been left behind and still run."),

		stepOptions: newMemo(nameless, func(s step.ID) *stepOptions {
			return &stepOptions{
				span:  nameOf(s.String()),
				start: []trace.SpanStartOption{trace.WithAttributes(append(stepAttributes(s), fallbackKey.Bool(s.Fallback))...)},
				add:   adding(stepAttributes(s)...),
			}
		}),
		failureOptions: newMemo(failureID.nameless, func(id failureID) []metric.AddOption {
			return adding(append(stepAttributes(id.step), semconv.ErrorTypeKey.String(nameOf(id.reason)))...)
		}),
		fallbackOptions: newMemo(fallbackID.nameless, func(id fallbackID) []metric.AddOption {
			attrs := stepAttributes(step.ID{Plan: id.plan, Chain: id.chain, Name: id.step})
			return adding(append(attrs, fieldStateKey.String(id.state.String()), fieldReasonKey.String(id.reason.String()))...)
		}),
	}
}

// stepAttributes returns the attributes that name a step.
func stepAttributes(s step.ID) []attribute.KeyValue {
	attrs := []attribute.KeyValue{chainKey.String(nameOf(s.Chain)), stepKey.String(nameOf(s.Name))}
	if s.Plan != "" {
		attrs = append(attrs, planKey.String(nameOf(s.Plan)))
	}
	return attrs
}

// running is a step that runs, and its span.
type running struct {
	step.ID

	span trace.Span
}

type runningKey struct{}

// started begins the span of a step.
func (s *steps) started(ctx context.Context, tracer trace.Tracer, id step.ID) context.Context {
	with := s.stepOptions.of(id)
	ctx, span := tracer.Start(ctx, with.span, with.start...)
	return context.WithValue(ctx, runningKey{}, &running{ID: id, span: span})
}

// ended ends the span of a step and counts failures, steps that are left behind, and
// steps that end after that. It reports whether the step has come to something late.
func (s *steps) ended(ctx context.Context, id step.ID, e step.Ended) (late bool) {
	switch {
	case e.Late:
		s.abandoned.Add(ctx, -1, s.stepOptions.of(id).add...)
		if late = !heeded(e.Err); late {
			s.late.Add(ctx, 1, s.stepOptions.of(id).add...)
		}
		return late
	case e.Abandoned:
		s.abandoned.Add(ctx, 1, s.stepOptions.of(id).add...)
	}
	if isFailure(e) && s.failures.Enabled(ctx) {
		s.failures.Add(ctx, 1, s.failureOptions.of(failureID{id, errorType(e.Err)})...)
	}
	if r, ok := ctx.Value(runningKey{}).(*running); ok && r.ID == id {
		describe(r.span, e)
		r.span.End()
	}
	return false
}

// heeded reports whether a step that was left behind ended because its context had
// ended. Such a step is necessarily a moment late, and had no value that could have
// been used.
func heeded(err error) bool {
	code := policy.Code(err)
	return code == codes.DeadlineExceeded || code == codes.Canceled
}

// lateSpan makes a short span for the end of a step whose own span has ended long
// ago, and links it to that.
func (s *steps) lateSpan(ctx context.Context, tracer trace.Tracer, id step.ID, e step.Ended) {
	with := s.stepOptions.of(id)
	_, span := tracer.Start(ctx, with.span+" (late)", append(slices.Clip(with.start),
		trace.WithLinks(trace.LinkFromContext(ctx)), trace.WithAttributes(lateKey.Bool(true)))...)
	describe(span, e)
	span.End()
}

// fellBack counts an answer by a fallback.
func (s *steps) fellBack(ctx context.Context, f step.FellBack) {
	id := fallbackID{f.Plan, f.Chain, f.Step, f.State, degrade.ReasonOf(f.Cause)}
	s.fallbacks.Add(ctx, 1, s.fallbackOptions.of(id)...)
}

// fellBackRecord returns what the log says of an answer by a fallback.
func fellBackRecord(f step.FellBack) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("chain", nameOf(f.Chain)), slog.String("step", nameOf(f.Step)), slog.String("state", f.State.String()),
		slog.String("reason", degrade.ReasonOf(f.Cause).String()),
	}
	if f.Plan != "" {
		attrs = append(attrs, slog.String("plan", nameOf(f.Plan)))
	}
	if f.State == degrade.Stale {
		attrs = append(attrs, slog.Duration("age", f.Age))
	}
	return attrs
}

// isFailure distinguishes a failure from an answer, which NOT_FOUND may be.
func isFailure(e step.Ended) bool { return e.Err != nil && !e.Answer }

// describe notes on the span of a step how it ended.
func describe(span trace.Span, e step.Ended) {
	if !span.IsRecording() {
		return
	}
	if e.Abandoned {
		span.SetAttributes(abandonedKey.Bool(true))
	}
	if isFailure(e) {
		span.SetAttributes(semconv.ErrorTypeKey.String(errorType(e.Err)))
		fail(span, e.Err)
	}
}
