package degrade_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// transport is what a gRPC server gives a handler's call, without a network.
type transport struct{ header metadata.MD }

func (*transport) Method() string                   { return "/m" }
func (s *transport) SetHeader(md metadata.MD) error { s.header = md; return nil }
func (*transport) SendHeader(metadata.MD) error     { return nil }
func (*transport) SetTrailer(metadata.MD) error     { return nil }

// answering is a handler that always has the same response.
func answering(resp any) grpc.UnaryHandler {
	return func(context.Context, any) (any, error) { return resp, nil }
}

// A call of which nobody wants to know anything costs its client nothing. Its
// server pays for one thing that is the handler's context and has the scope. The
// header that says that all is well is always the same one.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		return nil, nil //nolint:nilnil // nobody uses it
	}
	profile, plain := &testv1.GetProfileResponse{Name: "n"}, &testv1.GetPlainResponse{}
	withRoom, without := answering(profile), answering(plain)
	client, stream := degrade.UnaryClientInterceptor(), degrade.StreamClientInterceptor()
	server, edge := degrade.UnaryServerInterceptor(), degrade.UnaryServerInterceptor(degrade.WithEdge())
	info := &grpc.UnaryServerInfo{FullMethod: "/m"}
	opts := []grpc.CallOption{grpc.StaticMethod()}
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("user-agent", "test", "content-type", "application/grpc"))
	incoming := grpc.NewContextWithServerTransportStream(ctx, &transport{})
	scoped, _ := degrade.Open(t.Context())
	unused := degrade.Unused(scoped)
	desc := &grpc.StreamDesc{ServerStreams: true}
	for _, tt := range []struct {
		name string
		want float64
		call func() error
	}{
		{"unary client", 0, func() error { return client(t.Context(), "/m", nil, profile, nil, invoker, opts...) }},
		{"unary client, unused", 0, func() error { return client(unused, "/m", nil, profile, nil, invoker, opts...) }},
		{"stream client", 0, func() error { _, err := stream(t.Context(), desc, nil, "/m", streamer, opts...); return err }},
		{"unary server, room for markers", 1, func() error { _, err := server(incoming, nil, info, withRoom); return err }},
		{"unary server, no room for markers", 1, func() error { _, err := server(incoming, nil, info, without); return err }},
		{"unary server at the edge, which looks into the response", 4, func() error { _, err := edge(incoming, nil, info, withRoom); return err }},
	} {
		if err := tt.call(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := testing.AllocsPerRun(1000, func() { _ = tt.call() }); got > tt.want && !raceEnabled {
			t.Errorf("%s: %v allocations; want %v", tt.name, got, tt.want)
		}
	}
}
