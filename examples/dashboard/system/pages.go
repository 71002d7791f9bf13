package system

import (
	"context"
	"net"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/dashboard/backend"
	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/edge"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors"
)

// startPages starts all that pages are made of, and the edge.
func (s *System) startPages(ctx context.Context) error {
	connections, err := s.startPageBackends(ctx)
	if err != nil {
		return err
	}
	lis, err := s.startDashboard(ctx, connections)
	if err != nil {
		return err
	}
	return s.startEdge(ctx, lis)
}

// startPageBackends starts the backends of the dashboard and returns connections to
// them.
func (s *System) startPageBackends(ctx context.Context) (map[string]grpc.ClientConnInterface, error) {
	var guard []grpc.DialOption
	if s.guarded {
		rules, err := dashboard.Guard()
		if err != nil {
			return nil, err
		}
		s.guard, guard = rules, interceptors.DialOptions(rules)
	}
	connections := map[string]grpc.ClientConnInterface{}
	services := map[string]backend.Service{
		dashboard.Users:           backend.Users(s.data),
		dashboard.Metrics:         backend.Metrics(s.data),
		dashboard.Alerts:          backend.Alerts(s.data),
		dashboard.Activity:        backend.Activity(s.data),
		dashboard.Recommendations: backend.Recommendations(s.data),
		dashboard.History:         backend.History(s.data),
	}
	for _, name := range dashboard.Services() {
		b, err := s.startBackend(ctx, name, services[name])
		if err != nil {
			return nil, err
		}
		opts := guard
		if s.guarded && name == dashboard.Users {
			if opts, err = s.withCopies(b.lis); err != nil {
				return nil, err
			}
		}
		if connections[name], err = s.connect(b.lis, opts...); err != nil {
			return nil, err
		}
	}
	return connections, nil
}

// withCopies are the options of the connection to the users.
func (s *System) withCopies(lis net.Listener) (_ []grpc.DialOption, err error) {
	if s.copies, err = dashboard.NewCopies(lis.Addr().String(), s.data.User); err != nil {
		return nil, err
	}
	return interceptors.DialOptions(s.guard, interceptors.WithFallbacks(s.copies.Client)), nil
}

// startDashboard starts the service that asks the backends.
func (s *System) startDashboard(
	ctx context.Context, connections map[string]grpc.ClientConnInterface,
) (net.Listener, error) {
	service, err := dashboard.New(connections)
	if err != nil {
		return nil, err
	}
	ceiling, err := dashboard.Ceiling()
	if err != nil {
		return nil, err
	}
	lis, err := s.network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(interceptors.ServerOptions(ceiling)...) //nolint:contextcheck // a server's calls have contexts of their own
	dashboardv1.RegisterDashboardServiceServer(server, service)
	s.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// startEdge starts the service that asks the dashboard at the given listener, and
// a client of it.
func (s *System) startEdge(ctx context.Context, dashboardAt net.Listener) error {
	rules, err := interceptors.Default()
	if err != nil {
		return err
	}
	cc, err := s.connect(dashboardAt, interceptors.DialOptions(rules)...)
	if err != nil {
		return err
	}
	service, err := edge.New(cc)
	if err != nil {
		return err
	}
	lis, err := s.network.Listen(ctx)
	if err != nil {
		return err
	}
	server := grpc.NewServer(interceptors.ServerOptions(rules, interceptors.Edge())...) //nolint:contextcheck // as above
	dashboardv1.RegisterEdgeServiceServer(server, service)
	s.serve(lis, server.Serve, server.GracefulStop)
	client, err := s.connect(lis)
	if err != nil {
		return err
	}
	s.edge = dashboardv1.NewEdgeServiceClient(client)
	return nil
}
