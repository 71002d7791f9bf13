package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// decision is what policies decided about a call that they let through.
type decision struct {
	policy.Admitted

	method string
}

type decisionKey struct{}

// within returns a context that carries d to a span that is made later.
func (d decision) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, decisionKey{}, &d)
}

// describe adds the decision to the span of the call.
func (d decision) describe(span trace.Span) {
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
	if d.Notes.Has(policy.NoteOverridden) {
		span.SetAttributes(overriddenKey.Bool(true))
	}
}

// ClientHandler wraps h, which should be otelgrpc's client handler, so that the
// spans it makes also say what afloat decided about their calls: that a call had
// to wait and where, that it is a circuit's probe, that an operator had a hand in it, or
// that it is made by a fallback. An interceptor cannot do this, because the span is made further in. A
// call with nothing to note costs no allocation. If h is nil, ClientHandler
// returns nil, which gRPC ignores.
func ClientHandler(h stats.Handler) stats.Handler {
	if h == nil {
		return nil
	}
	return clientHandler{h}
}

type clientHandler struct{ stats.Handler }

// TagRPC calls the wrapped handler and notes the decision on its span.
func (h clientHandler) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	tagged := h.Handler.TagRPC(ctx, info)
	span, around := trace.SpanFromContext(tagged), trace.SpanFromContext(ctx)
	if !span.IsRecording() || span.SpanContext().SpanID() == around.SpanContext().SpanID() {
		return tagged // no span was made for the call
	}
	// A call that an interceptor makes on the way has the same context.
	if d, ok := ctx.Value(decisionKey{}).(*decision); ok && d.method == info.FullMethodName {
		d.describe(span)
	}
	if s, ok := ctx.Value(runningKey{}).(*running); ok && s.Fallback {
		span.SetAttributes(fallbackKey.Bool(true), stepKey.String(nameOf(s.Name)))
	}
	return tagged
}
