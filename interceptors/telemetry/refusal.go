package telemetry

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	grpccodes "google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// refusalID is a refused call, what refused it, and why.
type refusalID struct {
	call         callID
	kind, policy string
	reason       policy.Reason // empty: a user's policy gave none
	code         grpccodes.Code
}

func refusalOf(call policy.Call, err error) refusalID {
	id := refusalID{call: idOf(call), code: policy.Code(err)}
	r, ok := err.(*policy.Rejection) //nolint:errorlint // a fast path
	if !ok {
		r, ok = errors.AsType[*policy.Rejection](err)
	}
	if ok {
		id.kind, id.policy, id.reason = r.Kind, r.Name, r.Reason
	}
	return id
}

// why is the reason as attributes have it.
func (id refusalID) why() string {
	if id.reason == "" {
		return statusName(id.code)
	}
	return reasonName(id.reason)
}

func (id refusalID) nameless() refusalID {
	id.call, id.policy = id.call.nameless(), other
	return id
}

// refusal is what is recorded about a refused call.
type refusal struct {
	add []metric.AddOption
	// why is for the span of a server's call; name and start are for a span of our
	// own.
	why   []attribute.KeyValue
	name  string
	start []trace.SpanStartOption
}

func newRefusal(on policy.Side, id refusalID) *refusal {
	call := slices.Clip(id.call.attributes(on))
	reason := rejectionReasonKey.String(id.why())
	why := []attribute.KeyValue{policyKindKey.String(id.kind), policyNameKey.String(text(id.policy)), reason}
	span := slices.Concat(call, why, []attribute.KeyValue{semconv.ErrorTypeKey.String(id.why())})
	kind := trace.SpanKindInternal
	if on == policy.Client {
		kind = trace.SpanKindClient
		span = append(span, semconv.RPCSystemNameGRPC, semconv.RPCResponseStatusCode(statusName(id.code)))
	}
	return &refusal{
		add:   adding(append(call, policyKindKey.String(id.kind), reason)...),
		why:   why,
		name:  id.call.name(on),
		start: []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(span...)},
	}
}

// Rejected implements [policy.Observer]. It counts the call and notes the refusal on
// its span. It makes that span if there is none: a server's call has otelgrpc's, and
// a step has its own.
func (o *Observer) Rejected(ctx context.Context, call *policy.Call, r policy.Rejected) {
	s := o.sides[call.Side]
	if r.Waited > 0 {
		o.waited(ctx, *call, r.Waited, r.WaitedIn)
	}
	if !o.tracing && !s.rejections.Enabled(ctx) {
		return
	}
	said := s.refused.of(refusalOf(*call, r.Err))
	s.rejections.Add(ctx, 1, said.add...)
	if !o.tracing {
		return
	}
	if span := spanOf(ctx, *call); span != nil {
		span.SetAttributes(said.why...)
		return
	}
	o.refusedSpan(ctx, *call, said, r)
}

// refusedSpan makes a span of a refused call, from its beginning.
func (o *Observer) refusedSpan(ctx context.Context, call policy.Call, said *refusal, r policy.Rejected) {
	start := said.start
	if r.Waited > 0 {
		start = append(slices.Clip(start), trace.WithTimestamp(time.Now().Add(-r.Waited)))
	}
	_, span := o.tracer.Start(ctx, said.name, start...)
	if span.IsRecording() {
		if said.name == other && call.Side == policy.Client {
			span.SetAttributes(semconv.RPCMethodOriginal(methodName(call.Method)))
		}
		fail(span, r.Err)
	}
	span.End()
}

// fail notes on a span why it failed.
func fail(span trace.Span, err error) { span.SetStatus(codes.Error, text(err.Error())) }
