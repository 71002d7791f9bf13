package system

import (
	"context"
	"net"
	"slices"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/dashboard/backend"
	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/edge"
	"github.com/afloat-go/afloat/examples/dashboard/observe"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// startPages starts all that pages are made of, and the edge.
func (s *System) startPages(ctx context.Context) error {
	observed, err := s.cfg.Observe.Service(ctx, "dashboard")
	if err != nil {
		return err
	}
	rules, err := s.startRules(ctx, observed)
	if err != nil {
		return err
	}
	connections, err := s.startPageBackends(ctx, observed)
	if err != nil {
		return err
	}
	lis, err := s.startDashboard(ctx, connections, rules.Rules(), observed)
	if err != nil {
		return err
	}
	if lis, err = s.startEdge(ctx, lis); err != nil {
		return err
	}
	return s.startClient(ctx, lis)
}

// startPageBackends starts the backends of the dashboard and returns its connections
// to them.
func (s *System) startPageBackends(
	ctx context.Context, observed *observe.Service,
) (map[string]grpc.ClientConnInterface, error) {
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
		var guard []grpc.DialOption
		if s.cfg.Guarded {
			if guard, err = s.guardCalls(name, b.lis, observed); err != nil {
				return nil, err
			}
		}
		if connections[name], err = s.connect(b.lis, slices.Concat(guard, observed.DialOptions())...); err != nil {
			return nil, err
		}
	}
	return connections, nil
}

// guardCalls are the options of the connection to a backend. That to the users has
// stand-ins for them.
func (s *System) guardCalls(name string, lis net.Listener, observed *observe.Service) (_ []grpc.DialOption, err error) {
	if name != dashboard.Users {
		return interceptors.DialOptions(s.guard()), nil
	}
	if s.copies, err = dashboard.NewCopies(lis.Addr().String(), s.data.User, observed.Fallbacks()); err != nil {
		return nil, err
	}
	return interceptors.DialOptions(s.guard(), interceptors.WithFallbacks(s.copies.Fallbacks)), nil
}

// startDashboard starts the service that asks the backends.
func (s *System) startDashboard(
	ctx context.Context, connections map[string]grpc.ClientConnInterface, rules *rules.Rules, observed *observe.Service,
) (net.Listener, error) {
	service, err := dashboard.New(connections, observed.Plans())
	if err != nil {
		return nil, err
	}
	lis, err := s.cfg.Network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	opts := slices.Concat(interceptors.ServerOptions(rules), observed.ServerOptions()) //nolint:contextcheck // calls have their own
	server := grpc.NewServer(opts...)
	dashboardv1.RegisterDashboardServiceServer(server, service)
	s.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// startEdge starts the service that asks the dashboard at the given listener. It is a
// process of its own.
func (s *System) startEdge(ctx context.Context, dashboardAt net.Listener) (net.Listener, error) {
	observed, err := s.cfg.Observe.Service(ctx, "edge")
	if err != nil {
		return nil, err
	}
	e := &process{cfg: s.cfg}
	s.onStop(e.stop)
	rules, err := e.startRules(ctx, observed)
	if err != nil {
		return nil, err
	}
	guard := []grpc.DialOption{reading()}
	if s.edgeGuard = e.guard(); s.edgeGuard != nil {
		guard = interceptors.DialOptions(s.edgeGuard)
	}
	cc, err := e.connect(dashboardAt, slices.Concat(guard, observed.DialOptions())...)
	if err != nil {
		return nil, err
	}
	service, err := edge.New(cc, observed.Plans())
	if err != nil {
		return nil, err
	}
	lis, err := e.cfg.Network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	opts := slices.Concat(interceptors.ServerOptions(rules.Rules(), interceptors.WithEdge()), observed.ServerOptions()) //nolint:contextcheck // calls have their own
	server := grpc.NewServer(opts...)
	dashboardv1.RegisterEdgeServiceServer(server, service)
	e.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// startClient connects a client to the edge.
func (s *System) startClient(ctx context.Context, edgeAt net.Listener) error {
	observed, err := s.cfg.Observe.Service(ctx, "client")
	if err != nil {
		return err
	}
	cc, err := s.connect(edgeAt, observed.DialOptions()...)
	if err != nil {
		return err
	}
	s.edge = dashboardv1.NewEdgeServiceClient(cc)
	return nil
}
