package system

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/ledger"
	"github.com/afloat-go/afloat/examples/dashboard/observe"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/examples/dashboard/stock"
	"github.com/afloat-go/afloat/examples/dashboard/store"
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
	// Guarded says whether connections between services carry policies.
	Guarded bool
	// Observe has all services observed. Nil: nobody does.
	Observe *observe.Providers
}

// System is everything that runs. It is safe for concurrent use.
type System struct {
	process

	data     *store.Store
	account  *ledger.Ledger
	room     *stock.Stock
	backends []*Backend

	copies    *dashboard.Copies
	edge      dashboardv1.EdgeServiceClient
	edgeGuard *rules.Rules
	orders    atomic.Pointer[Orders]
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

func (s *System) start(ctx context.Context) error {
	if err := s.openData(); err != nil {
		return err
	}
	if err := s.startPages(ctx); err != nil {
		return err
	}
	return s.startShop(ctx)
}

// Stop stops everything, the clients first, then the servers, and the data last,
// and waits for it. It returns what went wrong while the system ran.
func (s *System) Stop() error { return s.stop() }

// Edge is a client of the edge, which answers requests for pages.
func (s *System) Edge() dashboardv1.EdgeServiceClient { return s.edge }

// Orders is the service that takes orders, as it runs now.
func (s *System) Orders() *Orders { return s.orders.Load() }

// Folder is where the data is.
func (s *System) Folder() string { return s.cfg.Folder }

// RulesFile is where the rules are.
func (s *System) RulesFile() string { return s.cfg.Rules }

// Data is what the backends of pages answer from.
func (s *System) Data() *store.Store { return s.data }

// Account is what was paid for orders.
func (s *System) Account() *ledger.Ledger { return s.account }

// Room is what there is to order, and what is kept for orders.
func (s *System) Room() *stock.Stock { return s.room }

// Rules are those of the dashboard.
func (s *System) Rules() *config.Set { return s.rules }

// Guard returns the rules of the dashboard's connections, nil if they are
// unguarded.
func (s *System) Guard() *rules.Rules { return s.guard() }

// EdgeGuard returns the rules of the edge's connection to the dashboard, nil if it is
// unguarded.
func (s *System) EdgeGuard() *rules.Rules { return s.edgeGuard }

// Copies stand in for the users, nil if the connections are unguarded.
func (s *System) Copies() *dashboard.Copies { return s.copies }

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
