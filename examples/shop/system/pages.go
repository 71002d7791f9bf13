package system

import (
	"context"
	"net"
	"slices"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/examples/shop/backend/store"
	"github.com/afloat-go/afloat/examples/shop/edge"
	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// pages is the dashboard with all that its pages are made of, and the edge before it. It
// is the dashboard's process.
type pages struct {
	process

	data     *store.Store // what the backends answer from
	backends []*Backend

	copies    *page.Copies
	edge      shopv1.EdgeServiceClient
	edgeGuard *rules.Rules
}

// start starts the backends, the dashboard, the edge and a client.
func (p *pages) start(ctx context.Context) error {
	observed, err := p.cfg.Observe.Service(ctx, "dashboard")
	if err != nil {
		return err
	}
	rules, err := startRules(ctx, &p.process, observed)
	if err != nil {
		return err
	}
	connections, err := p.startBackends(ctx, observed)
	if err != nil {
		return err
	}
	lis, err := p.startDashboard(ctx, connections, rules.Rules(), observed)
	if err != nil {
		return err
	}
	if lis, err = p.startEdge(ctx, lis); err != nil {
		return err
	}
	return p.startClient(ctx, lis)
}

// startBackends starts the backends of the dashboard and returns its connections
// to them.
func (p *pages) startBackends(
	ctx context.Context, observed *observe.Service,
) (map[string]grpc.ClientConnInterface, error) {
	connections := map[string]grpc.ClientConnInterface{}
	services := map[string]backend.Service{
		page.Users:           backend.Users(p.data),
		page.Metrics:         backend.Metrics(p.data),
		page.Alerts:          backend.Alerts(p.data),
		page.Activity:        backend.Activity(p.data),
		page.Recommendations: backend.Recommendations(p.data),
		page.History:         backend.History(p.data),
	}
	for _, name := range page.Services() {
		b, err := startBackend(ctx, &p.process, name, services[name], nil)
		if err != nil {
			return nil, err
		}
		p.backends = append(p.backends, b)
		var guard []grpc.DialOption
		if p.cfg.Guarded {
			if guard, err = p.guardCalls(name, b.lis, observed); err != nil {
				return nil, err
			}
		}
		if connections[name], err = p.connect(b.lis, slices.Concat(guard, observed.DialOptions())...); err != nil {
			return nil, err
		}
	}
	return connections, nil
}

// guardCalls returns the options of the connection to a backend. That to the users has
// stand-ins for them.
func (p *pages) guardCalls(name string, lis net.Listener, observed *observe.Service) (_ []grpc.DialOption, err error) {
	if name != page.Users {
		return interceptors.DialOptions(p.guard()), nil
	}
	if p.copies, err = page.NewCopies(lis.Addr().String(), p.data.User, observed.Fallbacks()); err != nil {
		return nil, err
	}
	return interceptors.DialOptions(p.guard(), interceptors.WithFallbacks(p.copies.Fallbacks)), nil
}

// startDashboard starts the service that asks the backends.
func (p *pages) startDashboard(
	ctx context.Context, connections map[string]grpc.ClientConnInterface, rules *rules.Rules, observed *observe.Service,
) (net.Listener, error) {
	service, err := page.New(connections, observed.Plans())
	if err != nil {
		return nil, err
	}
	lis, err := p.cfg.Network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	opts := slices.Concat(interceptors.ServerOptions(rules), observed.ServerOptions()) //nolint:contextcheck // calls have their own
	server := grpc.NewServer(opts...)
	shopv1.RegisterDashboardServiceServer(server, service)
	p.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// startEdge starts the service that asks the dashboard at the given listener. It is a
// process of its own.
func (p *pages) startEdge(ctx context.Context, dashboardAt net.Listener) (net.Listener, error) {
	observed, err := p.cfg.Observe.Service(ctx, "edge")
	if err != nil {
		return nil, err
	}
	e := &process{cfg: p.cfg}
	p.onStop(e.stop)
	rules, err := startRules(ctx, e, observed)
	if err != nil {
		return nil, err
	}
	guard := []grpc.DialOption{reading()}
	if p.edgeGuard = e.guard(); p.edgeGuard != nil {
		guard = interceptors.DialOptions(p.edgeGuard)
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
	shopv1.RegisterEdgeServiceServer(server, service)
	e.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// startClient connects a client to the edge.
func (p *pages) startClient(ctx context.Context, edgeAt net.Listener) error {
	observed, err := p.cfg.Observe.Service(ctx, "client")
	if err != nil {
		return err
	}
	cc, err := p.connect(edgeAt, observed.DialOptions()...)
	if err != nil {
		return err
	}
	p.edge = shopv1.NewEdgeServiceClient(cc)
	return nil
}
