package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Interest implements [policy.Selective]. It leaves out calls that were simply let
// through, and needs no times, which otelgrpc measures.
func (*Observer) Interest() policy.Interest { return policy.Interest{} }

// Admitted implements [policy.Observer]. It notes on the span of the call that the
// call had to wait, is a probe, or would have been refused by a policy that only
// watches.
func (o *Observer) Admitted(ctx context.Context, call *policy.Call, a policy.Admitted) context.Context {
	if s := o.sides[call.Side]; a.Notes.Has(policy.NoteShadowed) && s.shadowed.Enabled(ctx) {
		s.shadowed.Add(ctx, 1, s.said.of(idOf(*call)).add...)
	}
	if a.Waited > 0 {
		o.waited(ctx, *call, a.Waited, a.WaitedIn)
		o.waitSpan(ctx, a)
	}
	if !o.tracing {
		return ctx
	}
	d := decision{method: call.Method, Admitted: a}
	if call.Side == policy.Client {
		return d.within(ctx) // its span is yet to be made
	}
	if span := spanOf(ctx, *call); span != nil {
		d.say(span)
	}
	return ctx
}

// waited counts the time that a call was blocked.
func (o *Observer) waited(ctx context.Context, call policy.Call, d time.Duration, in policy.Layer) {
	s := o.sides[call.Side]
	if s.waits.Enabled(ctx) {
		s.waits.Record(ctx, d.Seconds(), s.waited.of(waitID{idOf(call), in})...)
	}
}

// waitSpan makes a span of the time that a call was blocked.
func (o *Observer) waitSpan(ctx context.Context, a policy.Admitted) {
	if !o.tracing {
		return
	}
	now := time.Now()
	_, span := o.tracer.Start(ctx, a.WaitedIn.String()+" wait",
		trace.WithTimestamp(now.Add(-a.Waited)), trace.WithAttributes(policyKindKey.String(a.WaitedIn.String())))
	span.End(trace.WithTimestamp(now))
}

// Settled implements [policy.Observer]. It counts the call.
func (o *Observer) Settled(ctx context.Context, call *policy.Call, outcome *policy.Outcome) {
	s := o.sides[call.Side]
	if s.calls.Enabled(ctx) {
		s.calls.Add(ctx, 1, s.said.of(idOf(*call)).ended[outcome.Verdict]...)
	}
}

// Leaked implements [policy.Observer]. It counts the stream.
func (o *Observer) Leaked(call *policy.Call) {
	s := o.sides[call.Side]
	s.leaked.Add(context.Background(), 1, s.said.of(idOf(*call)).add...)
}
