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

var errGone = errors.New("connection refused")

// gone is how long after gRPC has connected to it again a server that was gone for a time
// answers each call, to a client that calls every pause.
func gone(t *testing.T, long, pause time.Duration, opts ...grpc.DialOption) (back time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var listening atomic.Pointer[bufconn.Listener] // nil while the server is gone
		var connected atomic.Pointer[time.Time]        // when it last did
		serve := func() (stop func()) {
			listener := bufconn.Listen(1 << 20)
			listening.Store(listener)
			server := grpc.NewServer(interceptors.ServerOptions(rpctest.One{})...)
			server.RegisterService(rpctest.Rig{}.Desc(), rpctest.Rig{})
			go func() { _ = server.Serve(listener) }()
			return server.Stop
		}
		stop := serve()
		cc, err := grpc.NewClient("passthrough:///gone", append(opts,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
				listener := listening.Load()
				if listener == nil {
					return nil, errGone
				}
				connected.Store(new(time.Now()))
				return listener.DialContext(ctx)
			}))...)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cc.Close() }()
		call := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			defer time.Sleep(pause)
			return rpctest.Invoke(ctx, cc)
		}
		for range 100 {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		listening.Store(nil)
		for begin := time.Now(); time.Since(begin) < long; {
			_ = call()
		}
		stop = serve()
		defer func() { stop() }()
		begin := time.Now()
		for good := 0; good < 20; { // as many in a row
			if err := call(); err != nil {
				good = 0
				back = time.Since(*connected.Load())
			} else {
				good++
			}
			if time.Since(begin) > 5*time.Minute {
				t.Fatal("never back")
			}
		}
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
