package main

import (
	"context"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// calls measures calls over gRPC in memory, beside bare ones: those of a client with the
// built-in rule, of a caller that sets the same timeout himself, and those that a server
// with the built-in rule answers.
func calls(ctx context.Context, e measure.Effort, p *measure.Page) error {
	rules, err := interceptors.Default()
	if err != nil {
		return err
	}
	var ends ends
	bare, again := ends.call(nil, nil), ends.call(nil, nil)
	guarded := ends.call(nil, interceptors.DialOptions(rules))
	served := ends.call(interceptors.ServerOptions(rules), nil) //nolint:contextcheck // calls have their own
	if ends.fault != nil {
		return ends.close()
	}
	hour, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	under := func(ctx context.Context, call call) func(int) { return func(int) { ends.note(call(ctx)) } }
	bounded := func(int) {
		ctx, cancel := context.WithTimeout(ctx, interceptors.DefaultTimeout)
		defer cancel()
		ends.note(bare(ctx))
	}
	compare(e, p, "a client's unary call, built-in rule", measure.CPURatio(), over(0), under(hour, bare), under(hour, again), under(hour, guarded))
	compare(e, p, "the same of a caller without a deadline", measure.CPURatio(), over(8), under(ctx, bare), under(ctx, again), under(ctx, guarded))
	compare(e, p, "bare, the caller sets a timeout for each call", measure.CPURatio(), nil, under(ctx, bare), under(ctx, again), bounded)
	compare(e, p, "bare, the caller has a deadline for all calls", measure.CPURatio(), nil, under(ctx, bare), under(ctx, again), under(hour, bare))
	compare(e, p, "a server's unary call, built-in rule", measure.CPURatio(), over(5), under(hour, bare), under(hour, again), under(hour, served))
	return ends.close()
}

// over promises at most so many allocations more than bare calls have.
func over(allocs float64) *measure.Goal { return &measure.Goal{Allocs: allocs, Over: true} }

// call makes a call.
type call func(ctx context.Context) error

// ends are the connections and servers that were made, and the first fault.
type ends struct {
	closers []func() error
	fault   error
}

// call returns what makes a call of a client to a server of its own.
func (e *ends) call(serve []grpc.ServerOption, dial []grpc.DialOption) call {
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
	return func(ctx context.Context) error {
		return cc.Invoke(ctx, testv1.TierService_GetProfile_FullMethodName, req, resp, grpc.StaticMethod())
	}
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
