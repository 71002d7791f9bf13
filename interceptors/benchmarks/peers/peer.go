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
	// SlowAfter is from when a call is slow to afloat's breaker; 0 is never. The
	// peers know no such thing.
	SlowAfter time.Duration
}

// manyCalls must have failed for a circuit to open that is not to.
const manyCalls = 1_000_000

// Peer is one library, or none.
type Peer struct {
	Name string
	New  func(Config) (grpc.UnaryClientInterceptor, error)
}

// The names of the peers.
const (
	NameAfloat    = "breaker + bulkhead"
	NameGobreaker = "gobreaker + semaphore, its refusals left out"
	NameCounting  = "gobreaker + semaphore, its refusals counted"
	NameFailsafe  = "failsafegrpc"
	NameNone      = "pass-through"
)

// All returns afloat first and the bare pass-through last.
func All() []Peer {
	return []Peer{
		{NameAfloat, Afloat},
		{NameGobreaker, Gobreaker},
		{NameCounting, GobreakerCounting},
		{NameFailsafe, Failsafe},
		{NameNone, PassThrough},
	}
}

// WithTimeout returns the peer's guard with a timeout around it, as callers write it
// who have no deadline.
func WithTimeout(p Peer, d time.Duration) Peer {
	return Peer{p.Name + ", and a timeout", func(cfg Config) (grpc.UnaryClientInterceptor, error) {
		guard, err := p.New(cfg)
		return func(
			ctx context.Context, method string, req, reply any,
			cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			return guard(ctx, method, req, reply, cc, invoker, opts...)
		}, err
	}}
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
