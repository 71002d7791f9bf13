package degrade

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// UnaryServerInterceptor opens a scope for each call, so that what the handler,
// its fan-outs and its calls find out about the response is gathered, and sends
// it along: in the response's field for markers if it has one, else in a
// trailer; and in a short header that says how many fields are degraded, "0" if
// none is. A failed call gets no header, which would switch off gRPC's retries.
//
// The response is never written to: where there is something to say, a shallow
// copy of it is sent. A call of which nothing is degraded costs two allocations,
// besides what gRPC makes of the header.
func UnaryServerInterceptor(opts ...ServerOption) grpc.UnaryServerInterceptor {
	s := newServer(opts)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		scoped, scope := openResponse(ctx, requires(ctx))
		resp, err := handler(scoped, req)
		if err != nil {
			return resp, s.failure(err)
		}
		return s.deliver(ctx, info.FullMethod, resp, scope)
	}
}

// ServerOption changes how servers deliver reports.
type ServerOption interface{ apply(*server) }

// Edge is for servers whose callers are outside the trust boundary: what is for
// operators stays inside, and so do the markers in nested messages, which speak
// of other services' responses.
func Edge() ServerOption { return edgeOption{} }

// Silent is for servers whose callers are to see nothing of afloat: no markers
// in responses, headers, trailers or errors. What the callers ask for, they get:
// [RequireComplete] makes an incomplete response an error, which names no field.
func Silent() ServerOption { return silentOption{} }

type edgeOption struct{}

func (edgeOption) apply(s *server) { s.edge = true }

type silentOption struct{}

func (silentOption) apply(s *server) { s.edge, s.silent = true, true }

// server delivers reports.
type server struct {
	edge   bool // sends nothing that is for operators
	silent bool // and of the rest nothing either

	observer Observer // nil: nobody
}

func newServer(opts []ServerOption) *server {
	s := &server{}
	for _, o := range opts {
		o.apply(s)
	}
	return s
}

// requires reports whether the client wants the response complete or not at
// all.
func requires(ctx context.Context) bool {
	return slices.Contains(metadata.ValueFromIncomingContext(ctx, RequireKey), RequireAll)
}
