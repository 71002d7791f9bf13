package system

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/overload"
)

// Backend is a running service that can be made sick. It is safe for concurrent
// use.
type Backend struct {
	name     string
	server   *backend.Server
	fault    *fault.Fault
	database *backend.Bottleneck // nil: it cannot be narrow
	lis      net.Listener
	sick     atomic.Int64 // a Sickness
}

// Name returns what the service is called.
func (b *Backend) Name() string { return b.name }

// Become changes what is wrong with it, for calls that come from now on.
func (b *Backend) Become(s Sickness) error {
	if all := b.Sicknesses(); !slices.Contains(all, s) {
		return fmt.Errorf("system: %s: sickness = %v; must be one of %v", b.name, s, all)
	}
	if err := b.fault.Update(s.symptoms()); err != nil {
		return fmt.Errorf("system: %s: %w", b.name, err)
	}
	if b.database != nil {
		b.database.Narrow(s.takes())
	}
	b.sick.Store(int64(s))
	return nil
}

// Sickness returns what it became last.
func (b *Backend) Sickness() Sickness { return Sickness(b.sick.Load()) }

// Sicknesses returns what it can become.
func (b *Backend) Sicknesses() []Sickness {
	if b.database == nil {
		return []Sickness{Well, Hanging, Slow, Failing}
	}
	return []Sickness{Well, Hanging, Slow, Failing, Narrow}
}

// Control returns what its overload control has found out, and whether it has one.
func (b *Backend) Control() (overload.Snapshot, bool) { return b.server.Control() }

// Arrived returns how many calls have come to it, whatever became of them.
func (b *Backend) Arrived() uint64 { return b.server.Arrived() }

// startBackend starts a backend, which is well, for as long as the process runs. One with
// a database that can be narrow is under overload control, unless there is to be no guard.
func startBackend(
	ctx context.Context, p *process, name string, service backend.Service, database *backend.Bottleneck,
) (*Backend, error) {
	f, err := fault.New(Well.symptoms())
	if err != nil {
		return nil, fmt.Errorf("system: %s: %w", name, err)
	}
	observed, err := p.cfg.Observe.Service(ctx, name)
	if err != nil {
		return nil, err
	}
	server, err := backend.New(service, backend.Config{ //nolint:contextcheck // a server's calls have contexts of their own
		Under: f, Controlled: database != nil && p.cfg.Guarded, Bottleneck: database, Observe: observed,
	})
	if err != nil {
		return nil, fmt.Errorf("system: %s: %w", name, err)
	}
	lis, err := p.cfg.Network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	b := &Backend{name: name, server: server, fault: f, database: database, lis: lis}
	p.serve(lis, server.Serve, server.Stop)
	return b, nil
}
