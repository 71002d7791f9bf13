package telemetry

import (
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
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

// refusalOf returns which refusal err is.
func refusalOf(call *policy.Call, err error) refusalID {
	id := refusalID{call: idOf(call), code: policy.Code(err)}
	r, ok := err.(*policy.Rejection) //nolint:errorlint // a fast path
	if !ok {
		r, ok = errors.AsType[*policy.Rejection](err)
	}
	if ok {
		id.kind, id.policy, id.reason = kept(r.Kind), kept(r.Name), policy.Reason(kept(string(r.Reason)))
	}
	return id
}

// why returns the reason as attributes have it.
func (id refusalID) why() string {
	if id.reason == "" {
		return statusName(id.code)
	}
	return reasonName(id.reason)
}

// nameless returns the id of such refusals beyond the bound.
func (id refusalID) nameless() refusalID {
	id.call, id.policy = id.call.nameless(), other
	return id
}

// refusal is what is recorded about a refused call.
type refusal struct {
	// cancelled: the caller gave up before the call could start. That is no error.
	cancelled bool

	add []metric.AddOption
	// why is for the span of a server's call; name and start are for a span of our
	// own.
	why   []attribute.KeyValue
	name  string
	start []trace.SpanStartOption
}

// newRefusal makes what is recorded about refused calls on one side.
func newRefusal(on policy.Side, id refusalID) *refusal {
	call := slices.Clip(id.call.attributes(on))
	reason := rejectionReasonKey.String(nameOf(id.why()))
	kind := policyKindKey.String(nameOf(id.kind))
	why := []attribute.KeyValue{kind, policyNameKey.String(nameOf(id.policy)), reason}
	span := slices.Concat(call, why)
	cancelled := id.reason == policy.ReasonCancelled
	if !cancelled {
		span = append(span, semconv.ErrorTypeKey.String(nameOf(id.why())))
	}
	role := trace.SpanKindInternal
	if on == policy.Client {
		role = trace.SpanKindClient
		span = append(span, semconv.RPCSystemNameGRPC, semconv.RPCResponseStatusCode(statusName(id.code)))
	}
	return &refusal{
		cancelled: cancelled,

		add:   adding(append(call, kind, reason)...),
		why:   why,
		name:  id.call.name(on),
		start: []trace.SpanStartOption{trace.WithSpanKind(role), trace.WithAttributes(span...)},
	}
}
