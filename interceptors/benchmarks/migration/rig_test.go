package migration

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// target is what the clients dial.
const target = "passthrough:///profiles"

// backend is the dependency: it counts its calls and answers as it is told.
type backend struct {
	pb.UnimplementedTierServiceServer

	mu     sync.Mutex
	calls  int
	answer func(ctx context.Context) error
}

// The answers of a backend.
var (
	errDown = status.Error(codes.Unavailable, "down")
	errNone = status.Error(codes.NotFound, "no such profile")
)

func well(context.Context) error { return nil }
func down(context.Context) error { return errDown }
func none(context.Context) error { return errNone }

// hang does not answer before its caller gives up.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return status.FromContextError(ctx.Err()).Err()
}

// isDeadline reports whether a call ended by its deadline, as gRPC says it.
func isDeadline(err error) bool { return status.Code(err) == codes.DeadlineExceeded }

func (b *backend) be(answer func(context.Context) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// called is how many calls have reached the backend.
func (b *backend) called() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

func (b *backend) serve(ctx context.Context) error {
	b.mu.Lock()
	b.calls++
	answer := b.answer
	b.mu.Unlock()
	return answer(ctx)
}

// GetProfile is the method that has a fallback, where there is one.
func (b *backend) GetProfile(ctx context.Context, _ *pb.GetProfileRequest) (*pb.GetProfileResponse, error) {
	return &pb.GetProfileResponse{Name: "profile 7"}, b.serve(ctx)
}

// GetAccount is a method that has none.
func (b *backend) GetAccount(ctx context.Context, _ *pb.GetAccountRequest) (*pb.GetAccountResponse, error) {
	return &pb.GetAccountResponse{Plan: "plan 7"}, b.serve(ctx)
}

// WatchProfiles is a stream of one message.
func (b *backend) WatchProfiles(_ *pb.WatchProfilesRequest, s grpc.ServerStreamingServer[pb.WatchProfilesResponse]) error {
	if err := b.serve(s.Context()); err != nil {
		return err
	}
	return s.Send(&pb.WatchProfilesResponse{Name: "profile 7"})
}

// connect starts the backend, until the test ends, and returns a client of it.
func (b *backend) connect(t *testing.T, opts ...grpc.DialOption) pb.TierServiceClient {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	pb.RegisterTierServiceServer(server, b)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cc, err := grpc.NewClient(target, append(
		opts, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return pb.NewTierServiceClient(cc)
}

// call is a call of the backend, and what its answer says.
type call func(ctx context.Context) (string, error)

// calls are the ways of calling a backend over one connection.
type calls struct {
	// bare has no fallback, withFallback has one if the guard has any.
	bare, withFallback call
	// stream opens a stream and reads it to its end.
	stream call
}

// callsOf are those that need nothing but the interceptors.
func callsOf(client pb.TierServiceClient) calls {
	return calls{
		bare: func(ctx context.Context) (string, error) {
			got, err := client.GetAccount(ctx, &pb.GetAccountRequest{Id: "7"})
			return got.GetPlan(), err
		},
		withFallback: func(ctx context.Context) (string, error) {
			got, err := client.GetProfile(ctx, &pb.GetProfileRequest{Id: "7"})
			return got.GetName(), err
		},
		stream: func(ctx context.Context) (string, error) {
			stream, err := client.WatchProfiles(ctx, &pb.WatchProfilesRequest{Id: "7"})
			if err != nil {
				return "", err
			}
			got, err := stream.Recv()
			return got.GetName(), err
		},
	}
}
