package system

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/examples/dashboard/backend"
	"github.com/afloat-go/afloat/interceptors/fault"
)

// Backend is a running service that can be made sick. It is safe for concurrent
// use.
type Backend struct {
	name   string
	server *backend.Server
	fault  *fault.Fault
	lis    net.Listener
}

// Sickness is what can be wrong with a backend.
type Sickness int

const (
	// Well is a backend that answers as soon as it can.
	Well Sickness = iota
	// Hanging is one that does not answer before the caller has given up.
	Hanging
	// Failing is one that answers every call with UNAVAILABLE, at once.
	Failing
	// Slow is one that answers every call, but late.
	Slow
)

// SlowBy is how late a slow backend answers.
const SlowBy = 500 * time.Millisecond

// symptoms says what a fault does to calls.
func (s Sickness) symptoms() fault.Config {
	switch s {
	case Hanging:
		return fault.Config{Delay: time.Minute, DelayShare: 1}
	case Failing:
		return fault.Config{Abort: codes.Unavailable, AbortShare: 1}
	case Slow:
		return fault.Config{Delay: SlowBy, DelayShare: 1}
	case Well:
		return fault.Config{}
	default:
		return fault.Config{}
	}
}

// Name is what the service is called.
func (b *Backend) Name() string { return b.name }

// Become changes what is wrong with it, for calls that come from now on.
func (b *Backend) Become(s Sickness) error {
	if err := b.fault.Update(s.symptoms()); err != nil {
		return fmt.Errorf("system: %s: %w", b.name, err)
	}
	return nil
}

// Arrived is how many calls have come to it, whatever became of them.
func (b *Backend) Arrived() uint64 { return b.server.Arrived() }

// startBackend starts a backend, which is well.
func (s *System) startBackend(ctx context.Context, name string, service backend.Service) (*Backend, error) {
	f, err := fault.New(Well.symptoms())
	if err != nil {
		return nil, fmt.Errorf("system: %s: %w", name, err)
	}
	server, err := backend.New(service, f) //nolint:contextcheck // a server's calls have contexts of their own
	if err != nil {
		return nil, fmt.Errorf("system: %s: %w", name, err)
	}
	lis, err := s.network.Listen(ctx)
	if err != nil {
		return nil, err
	}
	b := &Backend{name: name, server: server, fault: f, lis: lis}
	s.backends = append(s.backends, b)
	s.serve(lis, server.Serve, server.Stop)
	return b, nil
}
