package degrade

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// UnaryServerInterceptor gathers, for each call, what the handler, its fan-outs
// and its calls report of the response, and sends it to the client: in the
// response's field for markers if it has one, else in a trailer. A short header
// says how many fields are degraded, "0" if none is. A failed call gets no
// header, because that would switch off gRPC's retries.
//
// The handler's response is never modified: if there is something to add, a
// shallow copy is sent. A call without degraded fields costs two allocations,
// besides those that gRPC makes for the header.
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

// Edge is for servers whose callers are outside the trust boundary. It removes
// what is for operators, such as [Marker.Source], and the markers in nested
// messages, which are about other services' responses.
func Edge() ServerOption { return edgeOption{} }

// Silent is for servers whose callers must see nothing of afloat: no markers in
// responses, headers, trailers or errors. Callers may still require
// completeness: with [RequireComplete] an incomplete response is an error, which
// names no field.
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
