package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// host is a server on loopback that can break its connections and restart. Make one with
// startHost.
type host struct {
	make func() *grpc.Server

	mu     sync.Mutex
	addr   string
	server *grpc.Server
	served sync.WaitGroup

	conns sync.Map // of *trackedConn
	open  atomic.Int64
}

// startHost serves what make makes, at an address of its own.
func startHost(ctx context.Context, create func() *grpc.Server) (*host, error) {
	h := &host{make: create}
	return h, h.start(ctx, "127.0.0.1:0")
}

// start serves at the address.
func (h *host) start(ctx context.Context, addr string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("soak: listen at %s: %w", addr, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addr, h.server = listener.Addr().String(), h.make()
	server := h.server
	h.served.Go(func() { _ = server.Serve(trackingListener{listener, h}) }) // it ends by stop
	return nil
}

// target returns the address, for grpc.NewClient.
func (h *host) target() string { return "passthrough:///" + h.addr }

// stop ends the server and waits for its handlers.
func (h *host) stop() {
	h.mu.Lock()
	server := h.server
	h.mu.Unlock()
	server.Stop()
	h.served.Wait()
}

// restart is away for a while and comes back at the same address.
func (h *host) restart(ctx context.Context, away time.Duration) error {
	h.stop()
	_ = sleep(ctx, away) // it comes back at the end, too
	for {
		err := h.start(context.WithoutCancel(ctx), h.addr)
		if err == nil || ctx.Err() != nil {
			return err
		}
		_ = sleep(ctx, 10*time.Millisecond) // the port may still be held
	}
}

// breakConns closes all connections, in the middle of whatever they carry.
func (h *host) breakConns() {
	h.conns.Range(func(c, _ any) bool {
		_ = c.(*trackedConn).Conn.Close() //nolint:errcheck,forcetypeassert // nothing else is stored, and it may be closed
		return true
	})
}

// trackingListener remembers the connections of a host.
type trackingListener struct {
	net.Listener

	host *host
}

// Accept returns a connection that the host knows.
func (l trackingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &trackedConn{Conn: c, host: l.host}
	l.host.conns.Store(t, true)
	l.host.open.Add(1)
	return t, nil
}

// trackedConn is a connection of a host.
type trackedConn struct {
	net.Conn

	host *host
	once sync.Once
}

// Close closes the connection, and the host forgets it.
func (c *trackedConn) Close() error {
	c.once.Do(func() {
		c.host.conns.Delete(c)
		c.host.open.Add(-1)
	})
	return c.Conn.Close()
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
