package system

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
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
	client shopv1.OrderServiceClient
}

// Client returns a client of it, which reads what responses say of themselves.
func (o *Orders) Client() shopv1.OrderServiceClient { return o.client }

// Queue returns what it keeps on disk.
func (o *Orders) Queue() *orders.Queue { return o.queue }

// Guard returns the rules of its connections, nil if they are unguarded.
func (o *Orders) Guard() *rules.Rules { return o.guard() }

// Refused returns how many calls to each service found no place in its compartment.
func (o *Orders) Refused() map[string]int {
	refused := map[string]int{}
	for _, s := range orders.Guarded() {
		if b, ok := guards.Find[*bulkhead.Bulkhead](o.guard(), s); ok {
			refused[s.Name] = int(b.Snapshot().Rejected) //nolint:gosec // far below the bounds of an int
		}
	}
	return refused
}

// start starts the service. What it had started when it fails is for stop.
func (o *Orders) start(ctx context.Context, s *System) (err error) {
	observed, err := o.cfg.Observe.Service(ctx, "orders")
	if err != nil {
		return err
	}
	if o.queue, err = orders.OpenQueue(filepath.Join(o.cfg.Folder, "orders.db")); err != nil {
		return err
	}
	o.onStop(o.queue.Close)
	if _, err = startRules(ctx, &o.process, observed); err != nil {
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
	shopv1.RegisterOrderServiceServer(server, service)
	o.serve(lis, server.Serve, server.GracefulStop)
	cc, err := o.connect(lis, append(client.DialOptions(), reading())...)
	if err != nil {
		return err
	}
	o.client = shopv1.NewOrderServiceClient(cc)
	return nil
}
