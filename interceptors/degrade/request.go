package degrade

import (
	"context"
	"runtime"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/internal/contextkey"
	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
	"github.com/afloat-go/afloat/interceptors/internal/recovery"
)

// request is a call that a server answers. It is the handler's context, so that all
// that a call needs is one allocation. It must not be copied.
type request struct {
	context.Context //nolint:containedctx // it is a context

	server *server
	scope  Scope
	// calls are the errors of the calls made for it, at the edge.
	calls below.Record
}

// newRequest returns a call that the server was asked under ctx, for its handler. Of a
// unary one the caller may require that the response is complete, or some of its fields.
func newRequest(ctx context.Context, s *server, unary bool) *request {
	required := metadata.ValueFromIncomingContext(ctx, RequireKey)
	if len(required) > 0 {
		md, _ := metadata.FromIncomingContext(ctx)
		ctx = metadata.NewIncomingContext(ctx, withoutOwn(md))
	}
	r := &request{Context: ctx, server: s}
	r.scope.root.scope = &r.scope
	r.scope.response = true
	if unary && len(required) > 0 {
		r.scope.required = requirementOf(required)
	}
	return r
}

// Value returns the scope, the record of failed calls and gRPC's stream to those who
// look for them, and else the values of the context that the server was called with.
func (r *request) Value(key any) any {
	switch key.(type) {
	case lazyscope.Key:
		return &r.scope.root
	case recovery.Key:
		if h := r.server.recovery; h != nil {
			return h
		}
	case below.Key:
		if r.server.edge != nil {
			return &r.calls
		}
	}
	value := r.Context.Value(key)
	if key == transportKey && value != nil {
		return r.transport(value)
	}
	return value
}

// transport returns gRPC's stream of the call as the handler's context has it.
func (r *request) transport(value any) any {
	s, ok := value.(grpc.ServerTransportStream)
	if !ok || aboutCompression() {
		return value
	}
	return &transport{s, r.server.edge}
}

// transportKey is the key under which gRPC keeps the stream of a call in its context.
// gRPC shows it only to contexts that are asked for it. A context of
// grpc.NewContextWithServerTransportStream would cost each call an allocation, and
// could not make the exception of aboutCompression.
var transportKey = contextkey.Of(func(ctx context.Context) { //nolint:gochecknoglobals // a constant
	grpc.ServerTransportStreamFromContext(ctx)
})

// aboutCompression reports whether the look-up that is being made is for one of gRPC's
// functions about compression. They take no stream but gRPC's own: given another one,
// they fail. Only who asks tells them from the functions that send metadata.
func aboutCompression() bool {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		switch name, isGRPC := strings.CutPrefix(frame.Function, "google.golang.org/grpc."); {
		case isGRPC && name != "ServerTransportStreamFromContext":
			return name == "SetSendCompressor" || name == "ClientSupportedCompressors"
		case !more:
			return false
		}
	}
}
