package backend

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Service is what a server answers with: it adds itself to the server.
type Service func(grpc.ServiceRegistrar)

// Config says how a server answers.
type Config struct {
	// Under is the policy under which each call runs. Required.
	Under policy.Policy
	// Controlled puts the server under overload control.
	Controlled bool
	// Bottleneck is what each unary call goes through once it is admitted. Nil: nothing.
	Bottleneck *Bottleneck
	// Observe sees the calls. Nil: nobody does.
	Observe *observe.Service
}

// Server is a server with one service. It is safe for concurrent use.
type Server struct {
	grpc    *grpc.Server
	rules   *rules.Rules
	arrived atomic.Uint64
}

// New returns the server of a service. It fails without a policy.
func New(service Service, cfg Config) (*Server, error) {
	guard := []rules.Rule{{Match: "*", Policies: []rules.Template{rules.Use(cfg.Under)}}}
	rules, err := rules.New(guard, cfg.Observe.Rules()...)
	if err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	s := &Server{rules: rules}
	opts := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.countUnary),
		grpc.ChainStreamInterceptor(s.countStream),
	}
	if cfg.Controlled {
		opts = append(opts, interceptors.ServerOptions(rules, interceptors.WithOverloadControl())...)
	} else {
		opts = append(opts, interceptors.ServerOptions(rules)...)
	}
	if cfg.Bottleneck != nil {
		opts = append(opts, grpc.ChainUnaryInterceptor(cfg.Bottleneck.unary))
	}
	s.grpc = grpc.NewServer(slices.Concat(opts, cfg.Observe.ServerOptions())...)
	service(s.grpc)
	return s, nil
}

// Control returns what the overload control of the server has found out, and whether it
// has one.
func (s *Server) Control() (overload.Snapshot, bool) {
	c, ok := guards.Find[*overload.Control](s.rules, guards.Service{})
	if !ok {
		return overload.Snapshot{}, false
	}
	return c.Snapshot(), true
}

// Serve answers calls that come to lis until Stop.
func (s *Server) Serve(lis net.Listener) error {
	if err := s.grpc.Serve(lis); err != nil {
		return fmt.Errorf("backend: serve: %w", err)
	}
	return nil
}

// Stop ends the server and the calls under way.
func (s *Server) Stop() { s.grpc.Stop() }

// Arrived returns how many calls have come so far, whatever became of them.
func (s *Server) Arrived() uint64 { return s.arrived.Load() }

// countUnary counts a unary call as it arrives.
func (s *Server) countUnary(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	s.arrived.Add(1)
	return handler(ctx, req)
}

// countStream counts a stream as it arrives.
func (s *Server) countStream(
	srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler,
) error {
	s.arrived.Add(1)
	return handler(srv, stream)
}
