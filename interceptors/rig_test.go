package interceptors_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

// The methods of the rig's service.
const (
	service      = "/rig.v1.Rig/"
	unaryCall    = service + "Unary"
	clientStream = service + "Client"
	serverStream = service + "Server"
	bidiStream   = service + "Bidi"
)

var errDown = status.Error(codes.Unavailable, "down")

// one resolves every call to one chain.
type one struct{ chain *policy.Chain }

func (o one) Resolve(policy.Call) *policy.Chain { return o.chain }

// rig is a client and a server over an in-memory connection.
type rig struct {
	// unary and stream are what the server does. The default of unary is to
	// answer; that of stream is to send back what it gets.
	unary  func(ctx context.Context) error
	stream func(s grpc.ServerStream) error
	// client and server are the chains on either side, nil for none.
	client, server *policy.Chain
	// dial and serve are further options, outside of the guard; inner are
	// inside.
	dial    []grpc.DialOption
	inner   []grpc.DialOption
	serve   []grpc.ServerOption
	options []interceptors.Option
}

// start runs the rig until the test ends. It must be called in a bubble.
func (r rig) start(t *testing.T) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	serve := append(append([]grpc.ServerOption{grpc.WaitForHandlers(true)}, r.serve...), interceptors.ServerOptions(one{r.server})...)
	server := grpc.NewServer(serve...)
	server.RegisterService(r.desc(), nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	dial := append(append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	}, r.dial...), interceptors.DialOptions(one{r.client}, r.options...)...)
	cc, err := grpc.NewClient("passthrough:///rig", append(dial, r.inner...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close() // some tests have closed it
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return cc
}

func (r rig) desc() *grpc.ServiceDesc {
	stream := func(_ any, s grpc.ServerStream) error {
		if r.stream == nil {
			return echo(s)
		}
		return r.stream(s)
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

func (r rig) answer(srv any, ctx context.Context, decode func(any) error, in grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // gRPC's own signature
	req := new(wrapperspb.StringValue)
	if err := decode(req); err != nil {
		return nil, err
	}
	handler := func(ctx context.Context, req any) (any, error) {
		if r.unary == nil {
			return req, nil
		}
		return req, r.unary(ctx)
	}
	return in(ctx, req, &grpc.UnaryServerInfo{Server: srv, FullMethod: unaryCall}, handler)
}

// echo sends every message back.
func echo(s grpc.ServerStream) error {
	for {
		m := message()
		switch err := s.RecvMsg(m); {
		case err == io.EOF: //nolint:errorlint // as gRPC says
			return nil
		case err != nil:
			return err
		}
		if err := s.SendMsg(m); err != nil {
			return err
		}
	}
}

func message() *wrapperspb.StringValue { return wrapperspb.String("hello") }

func invoke(ctx context.Context, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
	return cc.Invoke(ctx, unaryCall, message(), message(), opts...)
}

// open opens a stream. It sends and ends the request of a server stream.
func open(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string, opts ...grpc.CallOption) grpc.ClientStream {
	t.Helper()
	s, err := cc.NewStream(ctx, descOf(method), method, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if method == serverStream {
		if err := s.SendMsg(message()); err != nil {
			t.Fatal(err)
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func descOf(method string) *grpc.StreamDesc {
	return &grpc.StreamDesc{
		ClientStreams: method == clientStream || method == bidiStream,
		ServerStreams: method == serverStream || method == bidiStream,
	}
}

func chainOf(tb testing.TB, policies ...policy.Policy) *policy.Chain {
	tb.Helper()
	c, err := policy.NewChain(policies)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// settledOnce waits until all is still and returns the outcome of the only call
// that the spy was asked about.
func settledOnce(t *testing.T, spy *policytest.Spy) policy.Outcome {
	t.Helper()
	time.Sleep(time.Minute)
	synctest.Wait()
	settled := spy.Settled()
	if len(spy.Asked()) != 1 || len(settled) != 1 {
		t.Fatalf("asked %d times, settled %d times; want once each", len(spy.Asked()), len(settled))
	}
	return settled[0]
}
