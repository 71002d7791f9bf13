package degrade_test

import (
	"context"
	"encoding/base64"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

var profileType = (*testv1.GetProfileResponse)(nil).ProtoReflect().Descriptor()

// tier is one service of the chain. What has no function is unimplemented.
type tier struct {
	testv1.UnimplementedTierServiceServer

	page    func(context.Context) (*testv1.GetPageResponse, error)
	account func(context.Context) (*testv1.GetAccountResponse, error)
	profile func(context.Context) (*testv1.GetProfileResponse, error)
	plain   func(context.Context) (*testv1.GetPlainResponse, error)
	watch   func(grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error
	upload  func(grpc.ClientStreamingServer[testv1.UploadNamesRequest, testv1.UploadNamesResponse]) error
	chat    func(grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error
}

func (s *tier) GetPage(ctx context.Context, _ *testv1.GetPageRequest) (*testv1.GetPageResponse, error) {
	return s.page(ctx)
}

func (s *tier) GetAccount(ctx context.Context, _ *testv1.GetAccountRequest) (*testv1.GetAccountResponse, error) {
	return s.account(ctx)
}

func (s *tier) GetProfile(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return s.profile(ctx)
}

func (s *tier) GetPlain(ctx context.Context, _ *testv1.GetPlainRequest) (*testv1.GetPlainResponse, error) {
	return s.plain(ctx)
}

func (s *tier) WatchProfiles(_ *testv1.WatchProfilesRequest, w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
	return s.watch(w)
}

func (s *tier) UploadNames(u grpc.ClientStreamingServer[testv1.UploadNamesRequest, testv1.UploadNamesResponse]) error {
	return s.upload(u)
}

func (s *tier) Chat(c grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error {
	return s.chat(c)
}

// markingServer is what a server with the interceptors of this package has.
func markingServer(opts ...degrade.ServerOption) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(degrade.UnaryServerInterceptor(opts...)),
		grpc.ChainStreamInterceptor(degrade.StreamServerInterceptor(opts...)),
	}
}

// readingClient is what a client with the interceptors of this package has.
func readingClient() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(degrade.UnaryClientInterceptor()),
		grpc.WithChainStreamInterceptor(degrade.StreamClientInterceptor()),
	}
}

// asText returns bytes as they are in metadata.
func asText(encoded string) string { return base64.RawStdEncoding.EncodeToString([]byte(encoded)) }

// fromText is its inverse.
func fromText(tb testing.TB, text string) []byte {
	tb.Helper()
	encoded, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		tb.Error(err)
	}
	return encoded
}

// serve runs a tier until the test ends. It must be called in its bubble, as
// must dial.
func serve(tb testing.TB, s testv1.TierServiceServer, opts ...grpc.ServerOption) *bufconn.Listener {
	tb.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(append(opts, grpc.WaitForHandlers(true))...)
	testv1.RegisterTierServiceServer(server, s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
	})
	return listener
}

// dial returns a client of a tier.
func dial(tb testing.TB, listener *bufconn.Listener, opts ...grpc.DialOption) testv1.TierServiceClient {
	tb.Helper()
	return testv1.NewTierServiceClient(connect(tb, listener, opts...))
}

func connect(tb testing.TB, listener *bufconn.Listener, opts ...grpc.DialOption) *grpc.ClientConn {
	tb.Helper()
	cc, err := grpc.NewClient("passthrough:///tier", append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := cc.Close(); err != nil {
			tb.Error(err)
		}
	})
	return cc
}

// start runs a tier with the interceptors of this package, and a client of it.
func start(tb testing.TB, s testv1.TierServiceServer) testv1.TierServiceClient {
	tb.Helper()
	return dial(tb, serve(tb, s, markingServer()...), readingClient()...)
}

// mark is degrade.Mark where the path is known to be right.
func mark(ctx context.Context, tb testing.TB, path string, s degrade.State) {
	tb.Helper()
	if err := degrade.Mark(ctx, path, s, degrade.ReasonTimeout); err != nil {
		tb.Error(err)
	}
}

// claims are the paths and states of a report's markers, as "a missing".
func claims(r degrade.Report) []string {
	all := []string{}
	for m := range r.Markers() {
		all = append(all, m.Path+" "+m.State.String())
	}
	return all
}
