package system

import (
	"context"
	"fmt"
	"net"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// InMemory is a network without sockets, for tests in virtual time.
type InMemory struct{}

// pipeBytes is how much may be under way on one connection.
const pipeBytes = 1 << 16

// Listen returns a listener that only Connect knows.
func (InMemory) Listen(context.Context) (net.Listener, error) { return bufconn.Listen(pipeBytes), nil }

// Connect returns a client of the service that listens on lis, which must come
// from Listen.
func (InMemory) Connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	pipe, ok := lis.(*bufconn.Listener)
	if !ok {
		return nil, fmt.Errorf("system: listener = %T; must be one in memory", lis)
	}
	opts = append(slices.Clip(opts),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }))
	cc, err := grpc.NewClient("passthrough:///in-memory", opts...)
	if err != nil {
		return nil, fmt.Errorf("system: connect: %w", err)
	}
	return cc, nil
}
