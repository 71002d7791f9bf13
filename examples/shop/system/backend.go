package system

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/interceptors/fault"
)

// Backend is a running service that can be made sick. It is safe for concurrent
// use.
type Backend struct {
	name   string
	server *backend.Server
	fault  *fault.Fault
	lis    net.Listener
	sick   atomic.Int64 // a Sickness
}

// Name returns what the service is called.
func (b *Backend) Name() string { return b.name }

// Become changes what is wrong with it, for calls that come from now on.
func (b *Backend) Become(s Sickness) error {
	if err := b.fault.Update(s.symptoms()); err != nil {
		return fmt.Errorf("system: %s: %w", b.name, err)
	}
	b.sick.Store(int64(s))
	return nil
}

// Sickness returns what it became last.
func (b *Backend) Sickness() Sickness { return Sickness(b.sick.Load()) }

// Arrived returns how many calls have come to it, whatever became of them.
func (b *Backend) Arrived() uint64 { return b.server.Arrived() }

// startBackend starts a backend, which is well, for as long as the process runs.
func startBackend(ctx context.Context, p *process, name string, service backend.Service) (*Backend, error) {
	f, err := fault.New(Well.symptoms())
	if err != nil {
		return nil, fmt.Errorf("system: %s: %w", name, err)
	}
	observed, err := p.cfg.Observe.Service(ctx, name)
	if err != nil {
		return nil, err
	}
	server, err := backend.New(service, f, observed) //nolint:contextcheck // a server's calls have contexts of their own
	if err != nil {
		return nil, fmt.Errorf("system: %s: %w", name, err)
	}
	lis, err := p.cfg.Network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	b := &Backend{name: name, server: server, fault: f, lis: lis}
	p.serve(lis, server.Serve, server.Stop)
	return b, nil
}
