// Package rpctest runs a gRPC client and server over an in-memory connection,
// with policies on either side, for tests in a testing/synctest bubble.
package rpctest

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The methods of the rig's service.
const (
	service      = "/rig.v1.Rig/"
	Unary        = service + "Unary"
	ClientStream = service + "Client"
	ServerStream = service + "Server"
	BidiStream   = service + "Bidi"
)

// One resolves every call to one chain, which may be nil.
type One struct{ Chain *policy.Chain }

// Resolve returns the chain.
func (o One) Resolve(*policy.Call) *policy.Chain { return o.Chain }

// Rig is a client and a server over an in-memory connection. The zero Rig
// answers every call.
type Rig struct {
	// Unary and Stream are what the server does. By default unary calls are
	// answered, and streams get back what they send.
	Unary  func(ctx context.Context) error
	Stream func(s grpc.ServerStream) error
	// Client and Server are the chains on either side, nil for none.
	Client, Server *policy.Chain
	// Outer and Inner are further options of the client: interceptors among them
	// stand outside and inside of the guard.
	Outer, Inner []grpc.DialOption
	// ServerOptions are further options of the server. Interceptors among them stand
	// inside of the guard.
	ServerOptions []grpc.ServerOption
}

// Start runs the rig until the test ends, and returns its client. It must be
// called in the bubble of the test.
func (r Rig) Start(t *testing.T) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(append(append(interceptors.ServerOptions(One{r.Server}), grpc.WaitForHandlers(true)), r.ServerOptions...)...)
	server.RegisterService(r.Desc(), r)
	dial := append(slices.Clip(r.Outer), interceptors.DialOptions(One{r.Client})...)
	return Serve(t, server, "rig", append(dial, r.Inner...)...)
}

// Serve runs a server until the test ends, and returns a client of it, whose target has
// the name. A dialer among the options is used in place of the one to the server.
func Serve(tb testing.TB, server *grpc.Server, name string, dial ...grpc.DialOption) *grpc.ClientConn {
	tb.Helper()
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:///"+name, append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	}, dial...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cc.Close() // some tests have closed it
		server.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // before it had begun
			tb.Error(err)
		}
	})
	return cc
}

// Desc returns the rig's service, for a server of the test's own.
func (r Rig) Desc() *grpc.ServiceDesc {
	stream := func(_ any, s grpc.ServerStream) error {
		if r.Stream == nil {
			return Echo(s)
		}
		return r.Stream(s)
	}
	return &grpc.ServiceDesc{
		ServiceName: "rig.v1.Rig",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: r.answer}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Client", Handler: stream, ClientStreams: true},
			{StreamName: "Server", Handler: stream, ServerStreams: true},
			{StreamName: "Bidi", Handler: stream, ClientStreams: true, ServerStreams: true},
		},
	}
}

// answer handles a unary call.
func (r Rig) answer(srv any, ctx context.Context, decode func(any) error, in grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // gRPC's own signature
	req := new(wrapperspb.StringValue)
	if err := decode(req); err != nil {
		return nil, err
	}
	handler := func(ctx context.Context, req any) (any, error) {
		if r.Unary == nil {
			return req, nil
		}
		return req, r.Unary(ctx)
	}
	return in(ctx, req, &grpc.UnaryServerInfo{Server: srv, FullMethod: Unary}, handler)
}

// Echo handles a stream by sending every message back.
func Echo(s grpc.ServerStream) error {
	for {
		m := Message()
		switch err := s.RecvMsg(m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := s.SendMsg(m); err != nil {
			return err
		}
	}
}

// Message returns a message of the rig's service.
func Message() *wrapperspb.StringValue { return wrapperspb.String("hello") }

// Invoke makes a unary call.
func Invoke(ctx context.Context, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
	return cc.Invoke(ctx, Unary, Message(), Message(), opts...)
}

// Open opens a stream and sends nothing on it.
func Open(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string, opts ...grpc.CallOption) grpc.ClientStream {
	t.Helper()
	s, err := cc.NewStream(ctx, DescOf(method), method, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// DescOf describes a stream of the rig's service to a client.
func DescOf(method string) *grpc.StreamDesc {
	return &grpc.StreamDesc{
		ClientStreams: method == ClientStream || method == BidiStream,
		ServerStreams: method == ServerStream || method == BidiStream,
	}
}

// ChainOf returns a chain of the policies, and ends the test if there can be none.
func ChainOf(tb testing.TB, policies ...policy.Policy) *policy.Chain {
	tb.Helper()
	c, err := policy.NewChain(policies)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
