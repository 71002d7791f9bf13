package telemetry

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// spans makes the spans of calls that otelgrpc does not make, and adds to those that it
// does.
type spans struct {
	tracer trace.Tracer
	// tracing is false if spans would go nowhere; then none are made.
	tracing bool
}

// admittedSpans makes a span of the time that a call was blocked, and adds what was
// decided about the call to its span. The context that it returns carries that to a
// span that is made later.
func (s *spans) admittedSpans(ctx context.Context, call *policy.Call, a policy.Admitted) context.Context {
	if !s.tracing {
		return ctx
	}
	if a.Waited > 0 {
		s.waitSpan(ctx, a)
	}
	d := decision{method: call.Method, Admitted: a}
	if call.Side == policy.Client {
		return d.within(ctx) // its span is yet to be made
	}
	if span := spanOf(ctx, call); span != nil {
		d.describe(span)
	}
	return ctx
}

// waitSpan makes a span of the time that a call was blocked.
func (s *spans) waitSpan(ctx context.Context, a policy.Admitted) {
	now := time.Now()
	_, span := s.tracer.Start(ctx, a.WaitedIn.String()+" wait",
		trace.WithTimestamp(now.Add(-a.Waited)), trace.WithAttributes(policyKindKey.String(a.WaitedIn.String())))
	span.End(trace.WithTimestamp(now))
}

// refusedSpan notes a refusal on the span of the call, or makes one if there is none,
// from the call's beginning.
func (s *spans) refusedSpan(ctx context.Context, call *policy.Call, refused *refusal, r policy.Rejected) {
	if span := spanOf(ctx, call); span != nil {
		span.SetAttributes(refused.why...)
		noteOverridden(span, call)
		return
	}
	start := refused.start
	if r.Waited > 0 {
		start = append(slices.Clip(start), trace.WithTimestamp(time.Now().Add(-r.Waited)))
	}
	_, span := s.tracer.Start(ctx, refused.name, start...)
	if span.IsRecording() {
		if refused.name == other && call.Side == policy.Client {
			span.SetAttributes(semconv.RPCMethodOriginal(methodName(call.Method)))
		}
		noteOverridden(span, call)
		if !refused.cancelled {
			fail(span, r.Err)
		}
	}
	span.End()
}

// noteOverridden notes that a call was refused because of an operator.
func noteOverridden(span trace.Span, call *policy.Call) {
	if call.Notes.Has(policy.NoteOverridden) {
		span.SetAttributes(overriddenKey.Bool(true))
	}
}

// spanOf returns the span of a call, if there is one already: otelgrpc's on a server,
// and the step's for what a step's own policies decide. Nil: there is none.
func spanOf(ctx context.Context, call *policy.Call) trace.Span {
	switch r, _ := ctx.Value(runningKey{}).(*running); {
	case call.Side == policy.Server:
		return trace.SpanFromContext(ctx)
	case call.Side == policy.Local && r != nil && call.Method == r.String():
		return r.span
	default:
		return nil
	}
}

// fail notes on a span why it failed.
func fail(span trace.Span, err error) { span.SetStatus(codes.Error, textOf(err)) }
