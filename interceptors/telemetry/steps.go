package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/step"
)

// steps is the instruments of the steps of plans and chains.
type steps struct {
	failures  metric.Int64Counter
	fallbacks metric.Int64Counter
	late      metric.Int64Counter
	abandoned metric.Int64UpDownCounter

	said     *memo[step.ID, *stepSaid]
	failed   *memo[failureID, []metric.AddOption]
	fellBack *memo[fellBackID, []metric.AddOption]
}

// stepSaid is what is said of a step.
type stepSaid struct {
	span  string
	start []trace.SpanStartOption
	add   []metric.AddOption
}

// failureID is a step and the class of its error.
type failureID struct {
	step   step.ID
	reason string
}

// fellBackID is an answer by a fallback.
type fellBackID struct {
	plan, chain, step string
	state             degrade.State
	reason            degrade.Reason
}

// nameless returns what stands for a step beyond the bound.
func nameless(s step.ID) step.ID {
	return step.ID{Chain: other, Name: other, Fallback: s.Fallback}
}

func (id failureID) nameless() failureID { return failureID{nameless(id.step), id.reason} }

func (id fellBackID) nameless() fellBackID {
	id.plan, id.chain, id.step = "", other, other
	return id
}

func newSteps(m *maker) *steps {
	return &steps{
		failures:  m.counter("afloat.step.failures", "{failure}", "Failures of the steps of plans and chains, whether or not another step answered."),
		fallbacks: m.counter("afloat.fallbacks", "{answer}", "Answers by another step than the first."),
		late:      m.counter("afloat.step.late", "{step}", "Steps that brought a value or an error after they had been left behind."),
		abandoned: m.upDownCounter("afloat.step.abandoned", "{step}", "Steps that have been left behind and still run."),

		said: newMemo(nameless, func(s step.ID) *stepSaid {
			return &stepSaid{
				span:  s.String(),
				start: []trace.SpanStartOption{trace.WithAttributes(append(stepAttributes(s), fallbackKey.Bool(s.Fallback))...)},
				add:   adding(stepAttributes(s)...),
			}
		}),
		failed: newMemo(failureID.nameless, func(id failureID) []metric.AddOption {
			return adding(append(stepAttributes(id.step), semconv.ErrorTypeKey.String(id.reason))...)
		}),
		fellBack: newMemo(fellBackID.nameless, func(id fellBackID) []metric.AddOption {
			attrs := stepAttributes(step.ID{Plan: id.plan, Chain: id.chain, Name: id.step})
			return adding(append(attrs, fieldStateKey.String(id.state.String()), fieldReasonKey.String(id.reason.String()))...)
		}),
	}
}

func stepAttributes(s step.ID) []attribute.KeyValue {
	attrs := []attribute.KeyValue{chainKey.String(s.Chain), stepKey.String(s.Name)}
	if s.Plan != "" {
		attrs = append(attrs, planKey.String(s.Plan))
	}
	return attrs
}

// FellBack implements [step.Observer]. It counts the answer and logs it at info,
// because it is planned for.
func (o *Observer) FellBack(ctx context.Context, f step.FellBack) {
	reason := degrade.ReasonOf(f.Cause)
	o.steps.fallbacks.Add(ctx, 1, o.steps.fellBack.of(fellBackID{f.Plan, f.Chain, f.Step, f.State, reason})...)
	attrs := []slog.Attr{
		slog.String("chain", f.Chain), slog.String("step", f.Step), slog.String("state", f.State.String()),
		slog.String("reason", reason.String()),
	}
	if f.Plan != "" {
		attrs = append(attrs, slog.String("plan", f.Plan))
	}
	if f.State == degrade.Stale {
		attrs = append(attrs, slog.Duration("age", f.Age))
	}
	o.log(ctx, slog.LevelInfo, "a fallback answered", attrs...)
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
