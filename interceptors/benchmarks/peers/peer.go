package peers

import (
	"context"
	"time"

	"google.golang.org/grpc"
)

// Config says how each method is guarded, by every peer alike.
type Config struct {
	// Places is the size of a method's bulkhead.
	Places int
	// Failures in a row open a method's circuit. With 0 it opens when all calls
	// of a window fail, a million at least: never, but it counts.
	Failures int
	// OpenFor is how long a circuit stays open.
	OpenFor time.Duration
}

// manyCalls must have failed for a circuit to open that is not to.
const manyCalls = 1_000_000

// Peer is one library, or none.
type Peer struct {
	Name string
	New  func(Config) (grpc.UnaryClientInterceptor, error)
}

// All returns afloat first and the bare pass-through last.
func All() []Peer {
	return []Peer{
		{"afloat", Afloat},
		{"gobreaker + semaphore", Gobreaker},
		{"failsafegrpc", Failsafe},
		{"pass-through", PassThrough},
	}
}

// PassThrough guards nothing.
func PassThrough(Config) (grpc.UnaryClientInterceptor, error) {
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		return invoker(ctx, method, req, reply, cc, opts...)
	}, nil
}
