package system

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"google.golang.org/grpc"
)

// process is what starts piece by piece and stops as one.
type process struct {
	network Network

	serving sync.WaitGroup
	mu      sync.Mutex
	faults  []error // of servers that ended early
	stops   []func() error
}

// onStop adds what is to be done on stop, before all that was added earlier.
func (p *process) onStop(stop func() error) { p.stops = append(p.stops, stop) }

// serve runs a server until the process stops.
func (p *process) serve(lis net.Listener, serve func(net.Listener) error, stop func()) {
	p.serving.Go(func() {
		if err := serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.faults = append(p.faults, err)
		}
	})
	p.onStop(func() error {
		stop()
		return nil
	})
}

// connect makes a connection that lasts as long as the process.
func (p *process) connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	cc, err := p.network.Connect(lis, opts...)
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
	p.serving.Wait()
	if err := errors.Join(append(faults, p.faults...)...); err != nil {
		return fmt.Errorf("system: stop: %w", err)
	}
	return nil
}
