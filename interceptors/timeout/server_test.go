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

	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A handler that is blocked when a limit passes is woken, and the client hears
// why, whatever the handler makes of it.
func TestServerStreams(t *testing.T) {
	t.Parallel()
	receive := func(s grpc.ServerStream) error { return s.RecvMsg(message()) }
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
			if err := s.SendMsg(message()); err != nil {
				return err
			}
			return s.RecvMsg(message())
		}, 1500 * time.Millisecond, timeout.ErrIdle},
		{"watching the context", timeout.Config{Total: time.Second}, watchContext, time.Second, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var seen atomic.Pointer[error]
				cc := rig{
					server: chain(t, newTimeout(t, tt.cfg)),
					script: script{stream: func(s grpc.ServerStream) error {
						err := tt.handler(s)
						seen.Store(&err)
						return err
					}},
				}.start(t)
				began := time.Now()
				err := drain(open(t, t.Context(), cc, "Bidi"))
				wantExpiredRemotely(t, err)
				wantAfter(t, began, tt.after)
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
		cc := rig{
			server: chain(t, newTimeout(t, cfg)),
			script: script{stream: tick(20, time.Second-1)},
		}.start(t)
		if err := drain(open(t, t.Context(), cc, "Server")); err != nil {
			t.Error(err)
		}
	})
}

// A client that goes is told apart from a limit that passes.
func TestServerStreamClientGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Pointer[error]
		cc := rig{
			server: chain(t, newTimeout(t, timeout.Config{Total: time.Minute})),
			script: script{stream: func(s grpc.ServerStream) error {
				err := s.RecvMsg(message())
				seen.Store(&err)
				return err
			}},
		}.start(t)
		ctx, cancel := context.WithCancel(t.Context())
		s := open(t, ctx, cc, "Bidi")
		synctest.Wait()
		cancel()
		wantPlain(t, drain(s), codes.Canceled)
		synctest.Wait()
		if err := *seen.Load(); err == nil || errors.Is(err, timeout.ErrTotal) {
			t.Errorf("the handler got %v; want the client's cancellation", err)
		}
	})
}
