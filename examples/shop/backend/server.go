package backend

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Service is what a server answers with: it adds itself to the server.
type Service func(grpc.ServiceRegistrar)

// Server is a server with one service.
type Server struct {
	grpc    *grpc.Server
	arrived atomic.Uint64
}

// New returns the server of a service, which runs each call under the given policy.
func New(service Service, under policy.Policy, observed *observe.Service) (*Server, error) {
	guard := []rules.Rule{{Match: "*", Policies: []rules.Template{rules.Use(under)}}}
	rules, err := rules.New(guard, observed.Rules()...)
	if err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	s := &Server{}
	counting := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.countUnary),
		grpc.ChainStreamInterceptor(s.countStream),
	}
	s.grpc = grpc.NewServer(slices.Concat(counting, interceptors.ServerOptions(rules), observed.ServerOptions())...)
	service(s.grpc)
	return s, nil
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
