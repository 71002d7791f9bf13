package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/examples/shop/backend/ledger"
	"github.com/afloat-go/afloat/examples/shop/backend/stock"
	"github.com/afloat-go/afloat/examples/shop/backend/store"
	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// Config says what to start.
type Config struct {
	// Network is where services listen. Nil: [Loopback].
	Network Network
	// Folder is where the data is. It is made and filled if it is missing. Required.
	Folder string
	// Rules is the rules file. Required.
	Rules string
	// Follow has the rules file followed while the system runs. In virtual time it
	// cannot be.
	Follow bool
	// Guarded says whether connections between services carry policies, and whether the
	// inventory is under overload control.
	Guarded bool
	// Observe has all services observed. Nil: nobody does.
	Observe *observe.Providers
}

// System is everything that runs. It is safe for concurrent use.
type System struct {
	process

	data     data
	pages    pages
	orders   atomic.Pointer[Orders]
	backends []*Backend
	windows  shopv1.InventoryServiceClient
}

// Start starts the system, or stops what it had started and says what failed. The
// context is for starting only.
func Start(ctx context.Context, cfg Config) (*System, error) {
	if cfg.Folder == "" {
		return nil, errors.New(`system: folder = ""; must be a folder`)
	}
	if cfg.Rules == "" {
		return nil, errors.New(`system: rules = ""; must be a file`)
	}
	if cfg.Network == nil {
		cfg.Network = Loopback{}
	}
	s := &System{process: process{cfg: cfg}}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// start starts the data, the services of pages and those of orders.
func (s *System) start(ctx context.Context) (err error) {
	if s.data, err = openData(&s.process); err != nil {
		return err
	}
	s.pages = pages{process: process{cfg: s.cfg}, data: s.data.pages}
	s.onStop(s.pages.stop)
	if err := s.pages.start(ctx); err != nil {
		return err
	}
	s.backends = slices.Clone(s.pages.backends)
	return s.startShop(ctx)
}

// startShop starts payments, inventory and orders.
func (s *System) startShop(ctx context.Context) (err error) {
	for _, b := range []struct {
		name     string
		service  backend.Service
		database *backend.Bottleneck
	}{
		{orders.Payments, backend.Payments(s.data.account), nil},
		{orders.Inventory, backend.Inventory(s.data.room), &backend.Bottleneck{}},
	} {
		started, err := startBackend(ctx, &s.process, b.name, b.service, b.database)
		if err != nil {
			return err
		}
		s.backends = append(s.backends, started)
	}
	s.onStop(func() error {
		if o := s.Orders(); o != nil {
			return o.stop()
		}
		return nil
	})
	if err := s.startOrders(ctx); err != nil {
		return err
	}
	windows := &process{cfg: s.cfg}
	s.onStop(windows.stop)
	s.windows, err = startWindows(ctx, windows, s.Backend(orders.Inventory).lis)
	return err
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

// Stop stops everything, the clients first, then the servers, and the data last,
// and waits for it. It returns what went wrong while the system ran.
func (s *System) Stop() error { return s.stop() }

// Edge returns a client of the edge, which answers requests for pages.
func (s *System) Edge() shopv1.EdgeServiceClient { return s.pages.edge }

// Windows returns a client of the inventory, which asks what there is to be had.
func (s *System) Windows() shopv1.InventoryServiceClient { return s.windows }

// Orders returns the service that takes orders, as it runs now.
func (s *System) Orders() *Orders { return s.orders.Load() }

// Folder returns where the data is.
func (s *System) Folder() string { return s.cfg.Folder }

// RulesFile returns where the rules are.
func (s *System) RulesFile() string { return s.cfg.Rules }

// Data returns what the backends of pages answer from.
func (s *System) Data() *store.Store { return s.data.pages }

// Account returns what was paid for orders.
func (s *System) Account() *ledger.Ledger { return s.data.account }

// Room returns what there is to order, and what is kept for orders.
func (s *System) Room() *stock.Stock { return s.data.room }

// Rules returns the rules of the dashboard.
func (s *System) Rules() *config.Set { return s.pages.rules }

// Guard returns the rules of the dashboard's connections, nil if they are
// unguarded.
func (s *System) Guard() *rules.Rules { return s.pages.guard() }

// EdgeGuard returns the rules of the edge's connection to the dashboard, nil if it is
// unguarded.
func (s *System) EdgeGuard() *rules.Rules { return s.pages.edgeGuard }

// Copies stand in for the users, nil if the connections are unguarded.
func (s *System) Copies() *page.Copies { return s.pages.copies }

// Backends returns all backends, in the order in which they were started.
func (s *System) Backends() []*Backend { return s.backends }

// Backend returns the one of the given name, nil if there is none.
func (s *System) Backend(name string) *Backend {
	for _, b := range s.backends {
		if b.name == name {
			return b
		}
	}
	return nil
}

// RestartOrders stops the service that takes orders and starts it anew, from what it
// has on disk. On an error there is none. It must not be called concurrently.
func (s *System) RestartOrders(ctx context.Context) error {
	if err := s.orders.Swap(nil).stop(); err != nil {
		return err
	}
	return s.startOrders(ctx)
}

// ChangeRules writes the rules file, as an operator does, and waits until the dashboard
// has heard of it. The text must be another than before. The error wraps [ErrRefused] if
// the dashboard refuses the rules. It must not be called concurrently.
func (s *System) ChangeRules(ctx context.Context, text []byte) error {
	s.pages.changes.forget()
	if err := replace(s.cfg.Rules, text); err != nil {
		return fmt.Errorf("system: %w", err)
	}
	if !s.cfg.Follow {
		_ = s.pages.rules.Reload() // it is heard
	}
	return s.pages.changes.wait(ctx)
}
