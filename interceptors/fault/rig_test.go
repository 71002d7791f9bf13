package fault_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const (
	service = "rig.v1.Rig"
	// method is what calls that go over no wire are made to.
	method = "/" + service + "/Bidi"
)

// script is what the server does.
type script struct {
	unary  func(ctx context.Context) error
	stream func(s grpc.ServerStream) error
}

// rig is a client and a server over an in-memory connection, with a chain on
// either side, either of which may be nil.
type rig struct {
	script         script
	client, server *policy.Chain
}

// one resolves every call to one chain.
type one struct{ chain *policy.Chain }

func (o one) Resolve(policy.Call) *policy.Chain { return o.chain }

// start runs the rig until the test ends. It must be called in the bubble.
func (r rig) start(t *testing.T) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(append(interceptors.ServerOptions(one{r.server}), grpc.WaitForHandlers(true))...)
	server.RegisterService(r.desc(), nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	opts := append(
		interceptors.DialOptions(one{r.client}),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)
	cc, err := grpc.NewClient("passthrough:///rig", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cc.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return cc
}

func (r rig) desc() *grpc.ServiceDesc {
	stream := func(_ any, s grpc.ServerStream) error { return r.script.stream(s) }
	return &grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: r.answer}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Client", Handler: stream, ClientStreams: true},
			{StreamName: "Server", Handler: stream, ServerStreams: true},
			{StreamName: "Bidi", Handler: stream, ClientStreams: true, ServerStreams: true},
		},
	}
}

func (r rig) answer(srv any, ctx context.Context, dec func(any) error, in grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // gRPC's own signature
	req := new(wrapperspb.StringValue)
	if err := dec(req); err != nil {
		return nil, err
	}
	handler := func(ctx context.Context, req any) (any, error) { return req, r.script.unary(ctx) }
	return in(ctx, req, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/" + service + "/Unary"}, handler)
}

func message() *wrapperspb.StringValue { return wrapperspb.String("hello") }

func callUnary(ctx context.Context, cc *grpc.ClientConn) error {
	return cc.Invoke(ctx, "/"+service+"/Unary", message(), message())
}

// open opens a stream of the given name.
func open(t *testing.T, ctx context.Context, cc *grpc.ClientConn, name string) grpc.ClientStream { //nolint:revive // t comes first
	t.Helper()
	desc := &grpc.StreamDesc{ClientStreams: name != "Server", ServerStreams: name != "Client"}
	s, err := cc.NewStream(ctx, desc, "/"+service+"/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func chain(tb testing.TB, policies ...policy.Policy) *policy.Chain {
	tb.Helper()
	c, err := policy.NewChain(policies)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
