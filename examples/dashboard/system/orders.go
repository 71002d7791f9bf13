package system

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/dashboard/backend"
	"github.com/afloat-go/afloat/examples/dashboard/guards"
	"github.com/afloat-go/afloat/examples/dashboard/orders"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Orders is the service that takes orders, from its start to its end: its server, its
// worker, its queue on disk and its connections to payments and inventory. It is safe
// for concurrent use.
type Orders struct {
	process

	queue  *orders.Queue
	client dashboardv1.OrderServiceClient
}

// Client is a client of it, which reads what responses say of themselves.
func (o *Orders) Client() dashboardv1.OrderServiceClient { return o.client }

// Queue is what it keeps on disk.
func (o *Orders) Queue() *orders.Queue { return o.queue }

// Guard returns the rules of its connections, nil if they are unguarded.
func (o *Orders) Guard() *rules.Rules { return o.guard() }

// Refused is how many calls to each service found no place in its compartment.
func (o *Orders) Refused() map[string]int {
	refused := map[string]int{}
	for _, s := range orders.Guarded() {
		if b, ok := guards.Find[*bulkhead.Bulkhead](o.guard(), s); ok {
			refused[s.Name] = int(b.Snapshot().Rejected) //nolint:gosec // far below the bounds of an int
		}
	}
	return refused
}

// startShop starts payments, inventory and orders.
func (s *System) startShop(ctx context.Context) error {
	if _, err := s.startBackend(ctx, orders.Payments, backend.Payments(s.account)); err != nil {
		return err
	}
	if _, err := s.startBackend(ctx, orders.Inventory, backend.Inventory(s.room)); err != nil {
		return err
	}
	s.onStop(func() error {
		if o := s.Orders(); o != nil {
			return o.stop()
		}
		return nil
	})
	return s.startOrders(ctx)
}

// RestartOrders stops the service that takes orders and starts it anew, from what it
// has on disk. On an error there is none. It must not be called concurrently.
func (s *System) RestartOrders(ctx context.Context) error {
	if err := s.orders.Swap(nil).stop(); err != nil {
		return err
	}
	return s.startOrders(ctx)
}

// startOrders starts the service, or stops what it had started of it.
func (s *System) startOrders(ctx context.Context) error {
	o := &Orders{process: process{cfg: s.cfg}}
	if err := o.start(ctx, s); err != nil {
		return errors.Join(err, o.stop())
	}
	s.orders.Store(o)
	return nil
}

func (o *Orders) start(ctx context.Context, s *System) (err error) {
	observed, err := o.cfg.Observe.Service(ctx, "orders")
	if err != nil {
		return err
	}
	if o.queue, err = orders.OpenQueue(filepath.Join(o.cfg.Folder, "orders.db")); err != nil {
		return err
	}
	o.onStop(o.queue.Close)
	if _, err = o.startRules(ctx, observed); err != nil {
		return err
	}
	guard := observed.DialOptions()
	if o.cfg.Guarded {
		guard = append(guard, interceptors.DialOptions(o.guard())...)
	}
	payments, err := o.connect(s.Backend(orders.Payments).lis, guard...)
	if err != nil {
		return err
	}
	inventory, err := o.connect(s.Backend(orders.Inventory).lis, guard...)
	if err != nil {
		return err
	}
	service := orders.New(payments, inventory, o.queue, observed.Logger())
	o.work(ctx, service)
	return o.answer(ctx, service)
}

// work lets the service look after orders that wait until it stops.
func (o *Orders) work(ctx context.Context, service *orders.Service) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	working.Go(func() { service.Run(ctx) })
	o.onStop(func() error {
		cancel()
		working.Wait()
		return nil
	})
}

// answer starts the server, and a client of it.
func (o *Orders) answer(ctx context.Context, service *orders.Service) error {
	observed, err := o.cfg.Observe.Service(ctx, "orders")
	if err != nil {
		return err
	}
	client, err := o.cfg.Observe.Service(ctx, "client")
	if err != nil {
		return err
	}
	lis, err := o.cfg.Network.Listen(ctx)
	if err != nil {
		return err
	}
	opts := slices.Concat(interceptors.ServerOptions(o.rules.Rules(), interceptors.WithEdge()), observed.ServerOptions()) //nolint:contextcheck // calls have their own
	server := grpc.NewServer(opts...)
	dashboardv1.RegisterOrderServiceServer(server, service)
	o.serve(lis, server.Serve, server.GracefulStop)
	cc, err := o.connect(lis, append(client.DialOptions(), reading())...)
	if err != nil {
		return err
	}
	o.client = dashboardv1.NewOrderServiceClient(cc)
	return nil
}
