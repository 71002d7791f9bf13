package system

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// process is what starts piece by piece and stops as one.
type process struct {
	cfg     Config
	rules   *config.Set // nil before it has any
	changes *changes

	running sync.WaitGroup
	mu      sync.Mutex
	faults  []error // of what ended early
	stops   []func() error
}

// onStop adds what is to be done on stop, before all that was added earlier.
func (p *process) onStop(stop func() error) { p.stops = append(p.stops, stop) }

// run runs what ends when the process stops, and notes the error.
func (p *process) run(work func() error) {
	p.running.Go(func() {
		if err := work(); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.faults = append(p.faults, err)
		}
	})
}

// serve runs a server until the process stops.
func (p *process) serve(lis net.Listener, serve func(net.Listener) error, stop func()) {
	p.run(func() error {
		if err := serve(lis); !errors.Is(err, grpc.ErrServerStopped) {
			return err
		}
		return nil
	})
	p.onStop(func() error {
		stop()
		return nil
	})
}

// guard returns the rules of the connections to others, nil if they are unguarded.
func (p *process) guard() *rules.Rules {
	if !p.cfg.Guarded {
		return nil
	}
	return p.rules.Rules()
}

// reading lets a connection without a guard read what responses say of themselves.
func reading() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(degrade.UnaryClientInterceptor())
}

// connect makes a connection that lasts as long as the process.
func (p *process) connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	cc, err := p.cfg.Network.Connect(lis, opts...)
	if err != nil {
		return nil, err
	}
	p.onStop(cc.Close)
	return cc, nil
}

// stop stops what was started last first, and waits for it. It returns what went
// wrong while the process ran.
func (p *process) stop() error {
	var faults []error
	for _, stop := range slices.Backward(p.stops) {
		faults = append(faults, stop())
	}
	p.running.Wait()
	if err := errors.Join(append(faults, p.faults...)...); err != nil {
		return fmt.Errorf("system: stop: %w", err)
	}
	return nil
}
