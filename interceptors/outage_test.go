package interceptors_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// place is an address at which a server may come and go.
type place struct {
	rig      rpctest.Rig
	listener atomic.Pointer[bufconn.Listener] // nil: nobody listens
	server   *grpc.Server
}

// open starts a server there.
func (p *place) open() {
	l := bufconn.Listen(1 << 16)
	p.server = grpc.NewServer(interceptors.ServerOptions(rpctest.One{})...)
	p.server.RegisterService(p.rig.Desc(), p.rig)
	go func() { _ = p.server.Serve(l) }()
	p.listener.Store(l)
}

// close takes the server away, with its connections.
func (p *place) close() {
	p.listener.Store(nil)
	p.server.Stop()
}

// dial returns a client of the server there.
func (p *place) dial(t *testing.T, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///place", append(opts,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			if l := p.listener.Load(); l != nil {
				return l.DialContext(ctx)
			}
			return nil, errors.New("connection refused")
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	return cc
}

// A server that is gone for a while is asked again as soon as gRPC has found it again, but
// for what a probe and a slow start take. gRPC's own waits differ by chance, so it is
// measured from when the connection is there again.
func TestBackAsSoonAsTheConnection(t *testing.T) {
	t.Parallel()
	for _, gone := range []time.Duration{time.Second, 30 * time.Second, 60 * time.Second} {
		for _, every := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond} {
			t.Run(gone.String()+" at a call every "+every.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r, err := interceptors.Default()
					if err != nil {
						t.Fatal(err)
					}
					p := new(place)
					p.open()
					cc := p.dial(t, interceptors.DialOptions(r)...)
					defer func() {
						_ = cc.Close()
						p.close()
					}()
					call := func() error { return within(t.Context(), cc, 250*time.Millisecond) }
					for range 200 {
						if err := call(); err != nil {
							t.Fatal(err)
						}
						time.Sleep(every)
					}
					p.close()
					for began := time.Now(); time.Since(began) < gone; time.Sleep(every) {
						if call() == nil {
							t.Fatal("answered by nobody")
						}
					}
					p.open()
					reached := reconnected(t, cc, call, every)
					refused := time.Now()
					for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(every) {
						if err := call(); policy.IsRejection(err) {
							refused = time.Now()
						} else if err != nil {
							t.Fatal(err)
						}
					}
					if late := refused.Sub(reached); late > 2*time.Second {
						t.Errorf("calls are refused for %v after the connection is there again", late)
					}
				})
			})
		}
	}
}

// reconnected goes on calling until the connection is there again, and returns when.
func reconnected(t *testing.T, cc *grpc.ClientConn, call func() error, every time.Duration) time.Time {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(every) {
			_ = call()
		}
	}()
	for s := cc.GetState(); s.String() != "READY"; s = cc.GetState() {
		cc.WaitForStateChange(t.Context(), s)
	}
	at := time.Now()
	cancel()
	<-done
	return at
}
