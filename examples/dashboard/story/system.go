package story

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/dashboard/backend"
	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/edge"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/examples/dashboard/store"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// system is everything that runs: five backends, the dashboard that asks them, the
// edge that asks the dashboard, and a client of the edge.
type system struct {
	network  Network
	guard    *policy.Rules     // nil: the dashboard asks its backends unguarded
	copies   *dashboard.Copies // of users; nil without guard
	backends map[string]*ward
	client   dashboardv1.EdgeServiceClient
	userIDs  []string

	serving sync.WaitGroup
	mu      sync.Mutex
	faults  []error // of servers that ended early
	stops   []func() error
}

// start starts the system, or stops what it had started and says what failed.
func start(ctx context.Context, network Network, db *store.Store, guarded bool) (*system, error) {
	s := &system{network: network, backends: map[string]*ward{}}
	if err := s.start(ctx, db, guarded); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *system) start(ctx context.Context, db *store.Store, guarded bool) (err error) {
	if s.userIDs, err = db.UserIDs(); err != nil {
		return err
	}
	var guard []grpc.DialOption
	if guarded {
		if s.guard, err = dashboard.Guard(); err != nil {
			return err
		}
		guard = interceptors.DialOptions(s.guard)
	}
	connections := map[string]grpc.ClientConnInterface{}
	for _, name := range dashboard.Parts() {
		lis, err := s.startBackend(ctx, name, db)
		if err != nil {
			return err
		}
		opts := guard
		if guarded && name == dashboard.Users {
			if opts, err = s.withCopies(lis, db); err != nil {
				return err
			}
		}
		if connections[name], err = s.connect(lis, opts...); err != nil {
			return err
		}
	}
	lis, err := s.startDashboard(ctx, connections)
	if err != nil {
		return err
	}
	if lis, err = s.startEdge(ctx, lis); err != nil {
		return err
	}
	cc, err := s.connect(lis)
	if err != nil {
		return err
	}
	s.client = dashboardv1.NewEdgeServiceClient(cc)
	return s.warmUp(ctx)
}

// withCopies are the options of the connection to the users.
func (s *system) withCopies(lis net.Listener, db *store.Store) (_ []grpc.DialOption, err error) {
	if s.copies, err = dashboard.NewCopies(lis.Addr().String(), db.User); err != nil {
		return nil, err
	}
	return interceptors.DialOptions(s.guard, interceptors.WithFallbacks(s.copies.Client)), nil
}

// startBackend starts one of the five.
func (s *system) startBackend(ctx context.Context, name string, db *store.Store) (net.Listener, error) {
	w, err := newWard()
	if err != nil {
		return nil, err
	}
	w.server, err = backend.New(name, db, w.fault) //nolint:contextcheck // a server's calls have contexts of their own
	if err != nil {
		return nil, err
	}
	lis, err := s.network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	s.backends[name] = w
	s.serve(lis, w.server.Serve, w.server.Stop)
	return lis, nil
}

// startDashboard starts the service that asks the backends.
func (s *system) startDashboard(
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
	server := grpc.NewServer(interceptors.ServerOptions(ceiling)...) //nolint:contextcheck // as above
	dashboardv1.RegisterDashboardServiceServer(server, service)
	s.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// startEdge starts the service that asks the dashboard at the given listener.
func (s *system) startEdge(ctx context.Context, dashboardAt net.Listener) (net.Listener, error) {
	rules, err := interceptors.Default()
	if err != nil {
		return nil, err
	}
	cc, err := s.connect(dashboardAt, interceptors.DialOptions(rules)...)
	if err != nil {
		return nil, err
	}
	service, err := edge.New(cc)
	if err != nil {
		return nil, err
	}
	lis, err := s.network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(interceptors.ServerOptions(rules, interceptors.Edge())...) //nolint:contextcheck // as above
	dashboardv1.RegisterEdgeServiceServer(server, service)
	s.serve(lis, server.Serve, server.GracefulStop)
	return lis, nil
}

// serve runs a server until the system stops.
func (s *system) serve(lis net.Listener, serve func(net.Listener) error, stop func()) {
	s.serving.Go(func() {
		if err := serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.faults = append(s.faults, err)
		}
	})
	s.stops = append(s.stops, func() error {
		stop()
		return nil
	})
}

// connect makes a connection that lasts as long as the system.
func (s *system) connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	cc, err := s.network.Connect(lis, opts...)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, cc.Close)
	return cc, nil
}

// stop stops everything, the client first and the backends last, and waits for
// it. It returns what went wrong while the system ran.
func (s *system) stop() error {
	var faults []error
	for _, stop := range slices.Backward(s.stops) {
		faults = append(faults, stop())
	}
	s.serving.Wait()
	if err := errors.Join(append(faults, s.faults...)...); err != nil {
		return fmt.Errorf("story: stop: %w", err)
	}
	return nil
}

// warmUp asks for some pages, so that all connections are up.
func (s *system) warmUp(ctx context.Context) error {
	const pages = 20
	for n := range pages {
		if _, err := s.ask(ctx, n); err != nil {
			return fmt.Errorf("story: the first pages: %w", err)
		}
	}
	return nil
}

// ask asks for the n-th page.
func (s *system) ask(ctx context.Context, n int) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.client.GetHome(ctx, &dashboardv1.GetHomeRequest{UserId: s.userIDs[n%len(s.userIDs)]})
}
