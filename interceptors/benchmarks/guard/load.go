package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// The kinds of calls.
const (
	admitted       = "admitted"
	refused        = "refused"                    // the circuit is open
	failing        = "failing with a status"      // most calls fail, and the circuit stays closed
	failingPlainly = "failing with a plain error" // the same
)

// load is a kind of load that guards are measured under.
type load struct {
	kind                string
	methods, goroutines int
	deadline            bool // of the caller
}

// String names the load as the table does.
func (l load) String() string {
	text := l.kind + ", "
	switch {
	case l.goroutines > 1 && l.methods > 1:
		text += fmt.Sprintf("%d goroutines, %d methods", l.goroutines, l.methods)
	case l.goroutines > 1:
		text += fmt.Sprintf("%d goroutines on one method", l.goroutines)
	case l.methods > 1:
		text += fmt.Sprintf("%d methods in turn", l.methods)
	default:
		text += "serial"
	}
	if !l.deadline {
		text += ", no deadline"
	}
	return text
}

// caller returns the context of the calls: one that can be cancelled, as handlers have
// it, with a deadline far away or with none.
func (l load) caller(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.deadline {
		return context.WithTimeout(ctx, time.Hour)
	}
	return context.WithCancel(ctx)
}

// sample returns the peer under the load. Every method is known and in the state it is
// to be measured in.
func (l load) sample(ctx context.Context, peer peers.Peer) (*measure.Sample, error) {
	cfg := peers.Config{Places: 100, OpenFor: time.Hour}
	if l.kind == refused {
		cfg.Failures = 5
	}
	guard, err := peer.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", peer.Name, err)
	}
	cc, err := nowhere()
	if err != nil {
		return nil, err
	}
	methods := l.names()
	opts := []grpc.CallOption{grpc.StaticMethod()} // as generated code has it
	call := func(i int) {
		_ = guard(ctx, methods[i%l.methods], nil, nil, cc, l.invoker(i), opts...) // the outcome is the load's
	}
	for i := range 10 * l.methods {
		call(i)
	}
	return &measure.Sample{Call: call, Goroutines: l.goroutines}, nil
}

// nowhere returns a connection that is never used.
func nowhere() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///guard", grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// names returns those of the methods.
func (l load) names() []string {
	methods := make([]string, l.methods)
	for i := range methods {
		methods[i] = fmt.Sprintf("/bench.Service%d/Method%d", i/50, i%50)
	}
	return methods
}

var (
	errDown  = status.Error(codes.Unavailable, "down")
	errPlain = errors.New("down")
)

// invoker returns what answers the i-th call. One success in a thousand keeps every
// circuit closed.
func (l load) invoker(i int) grpc.UnaryInvoker {
	switch {
	case l.kind == refused, l.kind == failing && i%1024 != 0:
		return fail
	case l.kind == failingPlainly && i%1024 != 0:
		return failPlainly
	default:
		return succeed
	}
}

func succeed(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	return nil
}

func fail(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	return errDown
}

func failPlainly(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	return errPlain
}
