package backend

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/dashboard/store"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Server is one of the five services.
type Server struct {
	grpc    *grpc.Server
	arrived atomic.Uint64
}

// New returns the server of the service called name, one of "users", "metrics",
// "alerts", "activity" and "recommendations". It reads from db and runs each
// call under the given policy.
func New(name string, db *store.Store, under policy.Policy) (*Server, error) {
	register, ok := services()[name]
	if !ok {
		return nil, fmt.Errorf("backend: name = %q; must be users, metrics, alerts, activity or recommendations", name)
	}
	rules, err := policy.NewRules([]policy.Rule{{Match: "*", Policies: []policy.Template{policy.Use(under)}}})
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", name, err)
	}
	s := &Server{}
	counting := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.countUnary),
		grpc.ChainStreamInterceptor(s.countStream),
	}
	s.grpc = grpc.NewServer(append(counting, interceptors.ServerOptions(rules)...)...)
	register(s.grpc, db)
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

// Arrived is how many calls have come so far, whatever became of them.
func (s *Server) Arrived() uint64 { return s.arrived.Load() }

func (s *Server) countUnary(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	s.arrived.Add(1)
	return handler(ctx, req)
}

func (s *Server) countStream(
	srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler,
) error {
	s.arrived.Add(1)
	return handler(srv, stream)
}
