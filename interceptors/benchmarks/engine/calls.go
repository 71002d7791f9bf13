package main

import (
	"context"
	"errors"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// calls measures calls over gRPC in memory, of callers without a deadline: bare ones, those
// of a client with the built-in rule, and those that a server with it answers.
func calls(ctx context.Context, e effort, p *page) error {
	rules, err := interceptors.Default()
	if err != nil {
		return err
	}
	var ends ends
	bare, again := ends.call(ctx, nil, nil), ends.call(ctx, nil, nil)
	client := ends.call(ctx, nil, interceptors.DialOptions(rules))
	server := ends.call(ctx, interceptors.ServerOptions(rules), nil)
	if ends.fault == nil {
		p.compare(e, "a client's unary call without a deadline, built-in rule, more than bare", "8 allocations", bare, again, client)
		p.compare(e, "a server's unary call, built-in rule, more than bare", "5 allocations", bare, again, server)
	}
	return ends.close()
}

// ends are the connections and servers that were made, and the first fault.
type ends struct {
	closers []func() error
	fault   error
}

// call returns what makes a call of a client to a server of its own.
func (e *ends) call(ctx context.Context, serve []grpc.ServerOption, dial []grpc.DialOption) func(int) {
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(serve...)
	testv1.RegisterTierServiceServer(server, profiles{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:///engine", append(
		dial, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)...)
	if err != nil {
		e.note(err)
		return nil
	}
	e.closers = append(e.closers, cc.Close, func() error { server.Stop(); return <-served })
	req, resp := &testv1.GetProfileRequest{}, &testv1.GetProfileResponse{}
	call := func(int) {
		e.note(cc.Invoke(ctx, testv1.TierService_GetProfile_FullMethodName, req, resp, grpc.StaticMethod()))
	}
	call(0)
	return call
}

func (e *ends) note(err error) {
	if e.fault == nil {
		e.fault = err
	}
}

func (e *ends) close() error {
	for _, c := range e.closers {
		e.fault = errors.Join(e.fault, c())
	}
	return e.fault
}

// profiles answers.
type profiles struct {
	testv1.UnimplementedTierServiceServer
}

func (profiles) GetProfile(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return &testv1.GetProfileResponse{}, nil
}
