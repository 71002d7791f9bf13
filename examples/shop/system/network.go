package system

import (
	"context"
	"fmt"
	"net"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Network is where services listen and how clients reach them.
type Network interface {
	// Listen returns a listener of its own for one service.
	Listen(ctx context.Context) (net.Listener, error)
	// Connect returns a client of the service that listens on lis.
	Connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error)
}

// Loopback is TCP on 127.0.0.1, with a free port for each service.
type Loopback struct{}

// Listen takes a free port.
func (Loopback) Listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	lis, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("system: listen: %w", err)
	}
	return lis, nil
}

// Connect dials the port. It does not wait for the connection.
func (Loopback) Connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	opts = append(slices.Clip(opts), grpc.WithTransportCredentials(insecure.NewCredentials()))
	cc, err := grpc.NewClient(lis.Addr().String(), opts...)
	if err != nil {
		return nil, fmt.Errorf("system: connect: %w", err)
	}
	return cc, nil
}
