package interceptors_test

import (
	"context"
	"errors"
	"fmt"
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
)

// place is an address at which a server may come and go.
type place struct {
	rig      rpctest.Rig
	listener atomic.Pointer[bufconn.Listener] // nil: nobody listens
	server   *grpc.Server
	// reached is when a client last connected.
	reached atomic.Pointer[time.Time]
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
				p.reached.Store(new(time.Now()))
				return l.DialContext(ctx)
			}
			return nil, errors.New("connection refused")
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	return cc
}

// gone returns how long after gRPC has connected to it again a server that was gone for a
// time answers each call, to a client that calls every pause.
func gone(t *testing.T, long, pause time.Duration, opts ...grpc.DialOption) (back time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := new(place)
		p.open()
		cc := p.dial(t, opts...)
		call := func() error {
			defer time.Sleep(pause)
			return within(t.Context(), cc, time.Second)
		}
		for range 100 {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		p.close()
		for begin := time.Now(); time.Since(begin) < long; {
			_ = call()
		}
		p.open()
		begin := time.Now()
		for good := 0; good < 20; { // as many in a row
			if err := call(); err != nil {
				good = 0
				back = time.Since(*p.reached.Load())
			} else {
				good++
			}
			if time.Since(begin) > 5*time.Minute {
				t.Fatal("never back")
			}
		}
		_ = cc.Close()
		p.close()
	})
	return back
}

// A server that is gone and returns is used again at most 2 s after gRPC has connected to it,
// which is when it would be used without a guard.
func TestServerThatWasGone(t *testing.T) {
	t.Parallel()
	for _, long := range []time.Duration{time.Second, 30 * time.Second, 60 * time.Second} {
		for _, pause := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 500 * time.Millisecond} {
			t.Run(fmt.Sprint(long, " every ", pause), func(t *testing.T) {
				t.Parallel()
				list, err := interceptors.Default()
				if err != nil {
					t.Fatal(err)
				}
				if got := gone(t, long, pause, interceptors.DialOptions(list)...); got > 2*time.Second {
					t.Errorf("back %v after gRPC was", got)
				}
			})
		}
	}
}
