package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// Config says where the page is.
type Config struct {
	// Address is where the page is served: a loopback address and a port, 0 for one
	// that is free. Required.
	Address string
	// System says what is shown.
	System system.Config
	// Observe is where the system's metrics are to be had. Required, as that of the
	// system.
	Observe *observe.Providers
	// Records are what the log says.
	Records *Records
}

// Run starts the system, writes to out where its page is, and serves it until ctx
// ends. Then it stops everything.
func Run(ctx context.Context, cfg Config, out io.Writer) (err error) {
	if err := CheckAddress(cfg.Address); err != nil {
		return err
	}
	var listening net.ListenConfig
	lis, err := listening.Listen(ctx, "tcp", cfg.Address)
	if err != nil {
		return fmt.Errorf("live: %w", err)
	}
	sys, err := system.Start(ctx, cfg.System)
	if err != nil {
		return errors.Join(err, lis.Close())
	}
	defer func() { err = errors.Join(err, sys.Stop()) }()
	visitors, err := newVisitors(sys)
	if err != nil {
		return errors.Join(err, lis.Close())
	}
	var visiting sync.WaitGroup
	defer visiting.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	visiting.Go(func() { visitors.run(ctx) })
	guard, err := guardPage(sys.Rules())
	if err != nil {
		return errors.Join(err, lis.Close())
	}
	v := &view{system: sys, visitors: visitors, records: cfg.Records}
	v.look() // rates are counted from here on
	fmt.Fprintf(out, "http://%s\n", lis.Addr())
	return serve(ctx, lis, handler(lis.Addr().String(), v, cfg.Observe.Metrics(), guard))
}

// CheckAddress refuses every address that others than this machine can reach.
func CheckAddress(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("live: address = %q; must be a loopback address and a port, as in 127.0.0.1:8080", address)
	}
	return nil
}

// farewell is how long answers under way have when the program ends.
const farewell = time.Second

// How long a request may take to come, and how long a connection waits for the next.
const (
	requestWithin = 5 * time.Second
	idleFor       = time.Minute
)

// serve answers until ctx ends.
func serve(ctx context.Context, lis net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadTimeout: requestWithin, IdleTimeout: idleFor,
		BaseContext: func(net.Listener) context.Context { return ctx }, // streams end with it
	}
	stopped := make(chan struct{})
	stays := context.AfterFunc(ctx, func() {
		defer close(stopped)
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		if server.Shutdown(bye) != nil {
			_ = server.Close() // who does not read has had the time
		}
	})
	err := server.Serve(lis)
	if !stays() {
		<-stopped
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("live: %w", err)
	}
	return nil
}
