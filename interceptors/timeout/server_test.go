package timeout_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A handler that is blocked when a limit passes is woken, and the client hears
// why, whatever the handler makes of it.
func TestServerStreams(t *testing.T) {
	t.Parallel()
	receive := func(s grpc.ServerStream) error { return s.RecvMsg(rpctest.Message()) }
	watchContext := func(s grpc.ServerStream) error {
		<-s.Context().Done()
		return s.Context().Err()
	}
	tests := []struct {
		name    string
		cfg     timeout.Config
		handler func(grpc.ServerStream) error
		after   time.Duration
		// limit is what the handler sees.
		limit error
	}{
		{"first message", timeout.Config{FirstMessage: time.Second}, receive, time.Second, timeout.ErrFirstMessage},
		{"idle", timeout.Config{Idle: time.Second}, receive, time.Second, timeout.ErrIdle},
		{"total", timeout.Config{Total: time.Second}, receive, time.Second, timeout.ErrTotal},
		{"idle, after messages", timeout.Config{Idle: time.Second}, func(s grpc.ServerStream) error {
			time.Sleep(time.Second / 2)
			if err := s.SendMsg(rpctest.Message()); err != nil {
				return err
			}
			return s.RecvMsg(rpctest.Message())
		}, 1500 * time.Millisecond, timeout.ErrIdle},
		{"watching the context", timeout.Config{Total: time.Second}, watchContext, time.Second, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var seen atomic.Pointer[error]
				cc := rpctest.Rig{
					Server: rpctest.ChainOf(t, newTimeout(t, tt.cfg)),
					Stream: func(s grpc.ServerStream) error {
						err := tt.handler(s)
						seen.Store(&err)
						return err
					},
				}.Start(t)
				began := time.Now()
				err := drain(rpctest.Open(t.Context(), t, cc, rpctest.BidiStream))
				wantExpiredRemotely(t, err)
				wantAfter(t, began, tt.after)
				synctest.Wait() // the client does not wait for the handler
				if handled := *seen.Load(); tt.limit != nil && !errors.Is(handled, tt.limit) {
					t.Errorf("the handler got %v; want %v", handled, tt.limit)
				}
			})
		})
	}
}

// Responses in time satisfy a server's limits.
func TestServerStreamInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := timeout.Config{FirstMessage: time.Second, Idle: time.Second, Total: time.Minute}
		cc := rpctest.Rig{
			Server: rpctest.ChainOf(t, newTimeout(t, cfg)),
			Stream: tick(20, time.Second-1),
		}.Start(t)
		if err := drain(rpctest.Open(t.Context(), t, cc, rpctest.ServerStream)); err != nil {
			t.Error(err)
		}
	})
}

// A client that goes is told apart from a limit that passes.
func TestServerStreamClientGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Pointer[error]
		cc := rpctest.Rig{
			Server: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Total: time.Minute})),
			Stream: func(s grpc.ServerStream) error {
				err := s.RecvMsg(rpctest.Message())
				seen.Store(&err)
				return err
			},
		}.Start(t)
		ctx, cancel := context.WithCancel(t.Context())
		s := rpctest.Open(ctx, t, cc, rpctest.BidiStream)
		synctest.Wait()
		cancel()
		wantPlain(t, drain(s), codes.Canceled)
		synctest.Wait()
		if err := *seen.Load(); err == nil || errors.Is(err, timeout.ErrTotal) {
			t.Errorf("the handler got %v; want the client's cancellation", err)
		}
	})
}
