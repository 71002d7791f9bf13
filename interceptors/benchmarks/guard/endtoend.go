package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// endToEnd measures calls over gRPC in memory: bare, bare again, which shows the
// noise, and guarded.
func endToEnd(out io.Writer, e effort, p *promises) error {
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	testv1.RegisterTierServiceServer(server, profiles{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	var kept faults
	samples, err := remoteSamples(listener, &kept)
	if err != nil {
		return err
	}
	e.measure(samples...)
	server.Stop()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\na call over gRPC\tns\tCPU ns\tallocations\tCPU, of bare\t")
	for i, name := range []string{"bare", "bare again", "afloat"} {
		s := samples[i]
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.2f\t%.3f\t\n", name, s.Wall(), s.CPU(), s.Allocs(), s.CPU()/samples[0].CPU())
	}
	p.remote = samples
	if err := table.Flush(); err != nil {
		return err
	}
	return errors.Join(kept.first, <-served)
}

// faults keeps the first error of the calls.
type faults struct{ first error }

func (f *faults) note(err error) {
	if f.first == nil {
		f.first = err
	}
}

func remoteSamples(listener *bufconn.Listener, f *faults) ([]*measure.Sample, error) {
	guard, err := peers.Afloat(peers.Config{Places: 100, OpenFor: time.Hour})
	if err != nil {
		return nil, err
	}
	var all []*measure.Sample
	for _, opts := range [][]grpc.DialOption{nil, nil, {grpc.WithChainUnaryInterceptor(guard)}} {
		cc, err := grpc.NewClient("passthrough:///guard", append(
			opts, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		)...)
		if err != nil {
			return nil, err
		}
		all = append(all, &measure.Sample{Goroutines: 1, Call: remoteCall(cc, f)})
	}
	return all, nil
}

// profiles answers.
type profiles struct {
	testv1.UnimplementedTierServiceServer
}

func (profiles) GetProfile(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return &testv1.GetProfileResponse{}, nil
}

func remoteCall(cc *grpc.ClientConn, f *faults) func(int) {
	ctx, req, resp := newRequest(), &testv1.GetProfileRequest{}, &testv1.GetProfileResponse{}
	return func(int) {
		f.note(cc.Invoke(ctx, testv1.TierService_GetProfile_FullMethodName, req, resp, grpc.StaticMethod()))
	}
}
