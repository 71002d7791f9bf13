package interceptors_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
)

// waiting counts who is with the server, in calls that wait for something to happen.
type waiting struct {
	mu  sync.Mutex
	now int
}

func (w *waiting) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now += n
}

func (w *waiting) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Callers whose healthy calls wait for a minute are all with the server again soon after a
// break, under the built-in rule: long polls, and quiet subscriptions, that repeat their
// calls after a second.
func TestLongCallsAreBackAfterABreak(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		callers int
		method  string
		gone    time.Duration
	}{
		{"4 long polls", 4, rpctest.Unary, 5 * time.Second},
		{"4 long polls, long break", 4, rpctest.Unary, 30 * time.Second},
		{"40 long polls", 40, rpctest.Unary, 5 * time.Second},
		{"20 quiet subscriptions", 20, rpctest.ServerStream, 5 * time.Second},
		{"20 quiet chats, long break", 20, rpctest.BidiStream, 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, err := interceptors.Default()
				if err != nil {
					t.Fatal(err)
				}
				with := new(waiting)
				wait := func(ctx context.Context) error {
					with.add(1)
					defer with.add(-1)
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(time.Minute):
						return nil // nothing has happened
					}
				}
				p := &place{rig: rpctest.Rig{Unary: wait, Stream: func(s grpc.ServerStream) error { return wait(s.Context()) }}}
				p.open()
				cc := p.dial(t, interceptors.DialOptions(r)...)
				ctx, cancel := context.WithCancel(t.Context())
				var callers sync.WaitGroup
				for range tt.callers {
					callers.Go(func() {
						for ctx.Err() == nil {
							if waits(ctx, cc, tt.method) != nil {
								sleep(ctx, time.Second)
							}
						}
					})
				}
				time.Sleep(3 * time.Minute)
				p.close()
				time.Sleep(tt.gone)
				p.open()
				began := time.Now()
				for with.count() < tt.callers && time.Since(began) < 5*time.Minute {
					time.Sleep(100 * time.Millisecond)
				}
				// gRPC itself may need so long to find the server again.
				if took := time.Since(began); took > tt.gone+5*time.Second {
					t.Errorf("all are back after %v: %d of %d", took, with.count(), tt.callers)
				}
				cancel()
				callers.Wait()
				_ = cc.Close()
				p.close()
			})
		})
	}
}

// waits makes a call that waits for something to happen.
func waits(ctx context.Context, cc *grpc.ClientConn, method string) error {
	if method == rpctest.Unary {
		return within(ctx, cc, 70*time.Second)
	}
	return watch(method, 70*time.Second)(ctx, cc)
}

// sleep waits for that long, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
