package main

import (
	"context"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// endToEnd measures calls over gRPC in memory, bare and guarded. What the guard takes
// is less than the noise.
func endToEnd(ctx context.Context, e measure.Effort, p *measure.Page) error {
	ctx, cancel := load{deadline: true}.caller(ctx)
	defer cancel()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	testv1.RegisterTierServiceServer(server, profiles{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	var kept faults
	systems, err := remoteSystems(ctx, listener, &kept)
	if err == nil {
		p.Compare(e, "a call over gRPC, CPU time of bare", measure.CPURatio(), systems)
	}
	server.Stop()
	return errors.Join(err, kept.first, <-served)
}

// faults keeps the first error of the calls.
type faults struct{ first error }

func (f *faults) note(err error) {
	if f.first == nil {
		f.first = err
	}
}

func remoteSystems(ctx context.Context, listener *bufconn.Listener, f *faults) ([]measure.System, error) {
	guard, err := peers.Afloat(peers.Config{Places: 100, OpenFor: time.Hour})
	if err != nil {
		return nil, err
	}
	var all []measure.System
	for i, opts := range [][]grpc.DialOption{nil, nil, {grpc.WithChainUnaryInterceptor(guard)}} {
		cc, err := grpc.NewClient("passthrough:///guard", append(
			opts, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		)...)
		if err != nil {
			return nil, err
		}
		name := []string{"bare", "bare", peers.NameAfloat}[i]
		all = append(all, measure.System{Name: name, Sample: &measure.Sample{Goroutines: 1, Call: remoteCall(ctx, cc, f)}})
	}
	all[2].Goal = &measure.Goal{Most: 1.10, Allocs: 0.4, Over: true}
	return all, nil
}

// profiles answers.
type profiles struct {
	testv1.UnimplementedTierServiceServer
}

func (profiles) GetProfile(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return &testv1.GetProfileResponse{}, nil
}

func remoteCall(ctx context.Context, cc *grpc.ClientConn, f *faults) func(int) {
	req, resp := &testv1.GetProfileRequest{}, &testv1.GetProfileResponse{}
	return func(int) {
		f.note(cc.Invoke(ctx, testv1.TierService_GetProfile_FullMethodName, req, resp, grpc.StaticMethod()))
	}
}
