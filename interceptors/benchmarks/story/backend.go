package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// fault is what happens to a backend.
type fault string

// The faults.
const (
	none  fault = ""
	hangs fault = "hangs" // for 5 s each call
	fails fault = "fails"
	slows fault = "slows" // to 200 ms a call
)

// backend is a service that takes 2 ms and then some.
type backend struct {
	testv1.UnimplementedTierServiceServer

	fault atomic.Value // a fault
	calls atomic.Int64 // during a fault

	mu     sync.Mutex
	random *rand.Rand
}

func newBackend(seed uint64) *backend {
	b := &backend{random: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // it is for load, not for secrets
	b.fault.Store(none)
	return b
}

// GetProfile answers as the fault says.
func (b *backend) GetProfile(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	took := b.serviceTime()
	f, _ := b.fault.Load().(fault)
	if f != none {
		b.calls.Add(1)
	}
	switch f {
	case fails:
		return nil, status.Error(codes.Unavailable, "down")
	case hangs:
		took = 5 * time.Second
	case slows:
		took = 200 * time.Millisecond
	case none:
	}
	return &testv1.GetProfileResponse{}, sleep(ctx, took)
}

// serviceTime is 2 ms and then some, 2 ms more on the average.
func (b *backend) serviceTime() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return 2*time.Millisecond + time.Duration(b.random.ExpFloat64()*float64(2*time.Millisecond))
}

// sleep waits, unless the caller gives up.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// serve runs the backend and returns a connection to it and what stops both.
func (b *backend) serve(name string, opts []grpc.DialOption) (*grpc.ClientConn, func(), error) {
	listener := bufconn.Listen(1 << 18)
	server := grpc.NewServer()
	testv1.RegisterTierServiceServer(server, b)
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(listener) }) // it ends by Stop
	cc, err := grpc.NewClient("passthrough:///"+name, append(
		[]grpc.DialOption{
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		}, opts...,
	)...)
	return cc, func() {
		if cc != nil {
			_ = cc.Close() // there is nothing to lose
		}
		server.Stop()
		served.Wait()
	}, err
}
