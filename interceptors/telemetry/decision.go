package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// decision is what policies had to say of a call that they let through.
type decision struct {
	policy.Admitted

	method string
}

// spanOf returns the span that there is of a call: otelgrpc's on a server, and that of
// the step for what a step's own policies decide. Nil: there is none.
func spanOf(ctx context.Context, call policy.Call) trace.Span {
	switch r, _ := ctx.Value(runningKey{}).(*running); {
	case call.Side == policy.Server:
		return trace.SpanFromContext(ctx)
	case call.Side == policy.Local && r != nil && call.Method == r.String():
		return r.span
	default:
		return nil
	}
}

type decisionKey struct{}

// within returns a context that carries d to the span that is yet to be made.
func (d decision) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, decisionKey{}, &d)
}

// say says it on the span of the call.
func (d decision) say(span trace.Span) {
	if !span.IsRecording() {
		return
	}
	if d.Waited > 0 {
		span.SetAttributes(waitKey.Float64(d.Waited.Seconds()), policyKindKey.String(d.WaitedIn.String()))
	}
	if d.Notes.Has(policy.NoteProbe) {
		span.SetAttributes(probeKey.Bool(true))
	}
	if d.Notes.Has(policy.NoteShadowed) {
		span.SetAttributes(shadowedKey.Bool(true))
	}
}

// ClientHandler returns h, which should be otelgrpc's client handler, and has the
// spans that it makes say what afloat decided of their calls: that one had to wait
// and where, that it was a circuit's probe, that it stood in for another by a
// fallback. It costs calls of which there is nothing to say no allocation. No
// interceptor can do this: the span is made further in. Nil stays nil, which gRPC
// ignores.
func ClientHandler(h stats.Handler) stats.Handler {
	if h == nil {
		return nil
	}
	return clientHandler{h}
}

type clientHandler struct{ stats.Handler }

// TagRPC is that of the handler within.
func (h clientHandler) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	tagged := h.Handler.TagRPC(ctx, info)
	span, around := trace.SpanFromContext(tagged), trace.SpanFromContext(ctx)
	if !span.IsRecording() || span.SpanContext().SpanID() == around.SpanContext().SpanID() {
		return tagged // no span was made for the call
	}
	// A call that an interceptor makes on the way has the same context.
	if d, ok := ctx.Value(decisionKey{}).(*decision); ok && d.method == info.FullMethodName {
		d.say(span)
	}
	if s, ok := ctx.Value(runningKey{}).(*running); ok && s.Fallback {
		span.SetAttributes(fallbackKey.Bool(true), stepKey.String(s.Name))
	}
	return tagged
}
