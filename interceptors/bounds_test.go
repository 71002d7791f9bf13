package interceptors_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// bounded is a chain with these bounds, and whatever else.
func bounded(t *testing.T, cfg timeout.Config, others ...policy.Policy) *policy.Chain {
	t.Helper()
	p, err := timeout.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return rpctest.ChainOf(t, append([]policy.Policy{p}, others...)...)
}

// readAll reads a stream to its end.
func readAll(s grpc.ClientStream) (n int, err error) {
	for {
		if err := s.RecvMsg(rpctest.Message()); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
		n++
	}
}

// isTimeout checks that err is the status of a bound, as a client sees it.
func isTimeout(t *testing.T, err error) {
	t.Helper()
	if policy.Code(err) != codes.DeadlineExceeded || policy.ReasonOf(err) != policy.ReasonTimeout {
		t.Errorf("the client got %v; want DEADLINE_EXCEEDED with the reason TIMEOUT", err)
	}
}

// send sends so many messages, each after a pause, and looks at no context.
func send(s grpc.ServerStream, n int, pause time.Duration) (err error) {
	for range n {
		time.Sleep(pause)
		err = s.SendMsg(rpctest.Message())
	}
	return err
}

// A bound ends the stream for the client at that instant, with the bound's status,
// whatever the handler does then or makes of it.
func TestBoundEndsTheStreamAtOnce(t *testing.T) {
	t.Parallel()
	const bound = time.Second
	own := status.Error(codes.NotFound, "the handler's own")
	tests := []struct {
		name    string
		cfg     timeout.Config
		method  string
		handler func(s grpc.ServerStream) error
		least   int // messages that the client has
		after   time.Duration
	}{
		{"sends on and on", timeout.Config{Total: bound}, rpctest.ServerStream, func(s grpc.ServerStream) error {
			_ = send(s, 300, 11*time.Millisecond)
			return nil
		}, 80, bound},
		{"makes it look whole", timeout.Config{Total: bound}, rpctest.ServerStream, func(s grpc.ServerStream) error {
			<-s.Context().Done()
			return nil
		}, 0, bound},
		{"has an error of its own", timeout.Config{Total: bound}, rpctest.ServerStream, func(s grpc.ServerStream) error {
			<-s.Context().Done()
			return own
		}, 0, bound},
		{"sleeps through it", timeout.Config{Total: bound}, rpctest.ServerStream, func(grpc.ServerStream) error {
			time.Sleep(time.Minute)
			return nil
		}, 0, bound},
		{"first message too late", timeout.Config{FirstMessage: bound}, rpctest.ServerStream, func(s grpc.ServerStream) error {
			return send(s, 3, 2*bound)
		}, 0, bound},
		{"reads on after an upload was cut", timeout.Config{Idle: bound}, rpctest.ClientStream, func(s grpc.ServerStream) error {
			for {
				if err := s.RecvMsg(rpctest.Message()); errors.Is(err, io.EOF) {
					return s.SendMsg(rpctest.Message())
				} else if err != nil {
					return nil //nolint:nilerr // as if it were the upload's end
				}
			}
		}, 0, bound},
		{"chat", timeout.Config{Total: bound}, rpctest.BidiStream, func(s grpc.ServerStream) error {
			go func() { _ = s.RecvMsg(rpctest.Message()) }()
			return send(s, 300, 11*time.Millisecond)
		}, 80, bound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spy := new(policytest.Spy)
				cc := rpctest.Rig{Server: bounded(t, tt.cfg, spy), Stream: tt.handler}.Start(t)
				began := time.Now()
				n, err := readAll(rpctest.Open(t.Context(), t, cc, tt.method))
				isTimeout(t, err)
				if got := time.Since(began); got != tt.after || n < tt.least {
					t.Errorf("ended after %v and %d messages; want %v and at least %d", got, n, tt.after, tt.least)
				}
				synctest.Wait()
				if s := spy.Settled(); len(s) != 1 || s[0].Verdict != policy.Failure {
					t.Errorf("settled as %+v; want one failure, at once", s)
				}
				time.Sleep(time.Hour) // the handler ends
			})
		})
	}
}

// What ends before the bound keeps its own result, also where the bound is just after.
func TestHandlerThatEndsBeforeItsBound(t *testing.T) {
	t.Parallel()
	const bound = time.Second
	tests := []struct {
		name string
		err  error
		want codes.Code
	}{
		{"well", nil, codes.OK},
		{"own error", status.Error(codes.NotFound, "no such thing"), codes.NotFound},
		{"own deadline", context.DeadlineExceeded, codes.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cc := rpctest.Rig{
					Server: bounded(t, timeout.Config{Total: bound, Idle: bound, FirstMessage: bound}),
					Stream: func(s grpc.ServerStream) error {
						return errors.Join(send(s, 1, bound-1), tt.err)
					},
				}.Start(t)
				n, err := readAll(rpctest.Open(t.Context(), t, cc, rpctest.ServerStream))
				if n != 1 || policy.Code(err) != tt.want || policy.ReasonOf(err) != "" {
					t.Errorf("the client got %d messages and %v; want 1 and %v", n, err, tt.want)
				}
			})
		})
	}
}

// A peer that is alive and does not read keeps no place, and holds up no SendMsg.
func TestPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 4})
		if err != nil {
			t.Fatal(err)
		}
		var returned atomic.Int32
		cc := rpctest.Rig{
			Server: bounded(t, timeout.Config{Total: time.Second}, full),
			Stream: func(s grpc.ServerStream) error {
				defer returned.Add(1)
				large := wrapperspb.String(strings.Repeat("x", 1<<20))
				for {
					if err := s.SendMsg(large); err != nil {
						return err
					}
				}
			},
		}.Start(t)
		deaf := make([]grpc.ClientStream, 4)
		for i := range deaf {
			deaf[i] = rpctest.Open(t.Context(), t, cc, rpctest.ServerStream)
			if err := deaf[i].CloseSend(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second - 1)
		if n := returned.Load(); n != 0 {
			t.Fatalf("%d of 4 returned before the bound", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := returned.Load(); n != 4 {
			t.Errorf("%d of 4 blocked SendMsg returned", n)
		}
		if n := full.Snapshot().InFlight; n != 0 {
			t.Errorf("%d places are taken; want all of them free", n)
		}
		for _, s := range deaf { // who reads after all hears why
			_, err := readAll(s)
			isTimeout(t, err)
		}
	})
}

// A steady reader within the bound is not cut, and nor is a handler that works for
// longer than Idle while no peer is waited for.
func TestSlowButSteady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{
			Server: bounded(t, timeout.Config{Total: time.Hour, Idle: time.Second}),
			Stream: func(s grpc.ServerStream) error { return send(s, 10, time.Minute) },
		}.Start(t)
		s := rpctest.Open(t.Context(), t, cc, rpctest.ServerStream)
		for range 10 {
			time.Sleep(2 * time.Minute)
			if err := s.RecvMsg(rpctest.Message()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := readAll(s); err != nil {
			t.Error(err)
		}
	})
}

// After the end every method of the handler's stream answers by itself.
func TestStreamAfterItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 5)
		cc := rpctest.Rig{
			Server: bounded(t, timeout.Config{Total: time.Second}),
			Stream: func(s grpc.ServerStream) error {
				time.Sleep(time.Minute)
				s.SetTrailer(metadata.Pairs("late", "1"))
				ended <- s.SendMsg(rpctest.Message())
				ended <- s.RecvMsg(rpctest.Message())
				ended <- s.SetHeader(metadata.Pairs("late", "1"))
				ended <- s.SendHeader(metadata.Pairs("late", "1"))
				ended <- context.Cause(s.Context())
				return nil
			},
		}.Start(t)
		_, err := readAll(rpctest.Open(t.Context(), t, cc, rpctest.BidiStream))
		isTimeout(t, err)
		time.Sleep(time.Minute)
		for range cap(ended) {
			if err := <-ended; !errors.Is(err, timeout.ErrTotal) {
				t.Errorf("the handler got %v; want %v", err, timeout.ErrTotal)
			}
		}
	})
}

// The bound of a client never makes an error of an end that was read.
func TestClientBoundAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{
			Client: bounded(t, timeout.Config{Total: time.Second, Idle: time.Second, FirstMessage: time.Second}),
			Stream: func(s grpc.ServerStream) error { return send(s, 1, time.Second-1) },
		}.Start(t)
		s := rpctest.Open(t.Context(), t, cc, rpctest.ServerStream)
		if n, err := readAll(s); n != 1 || err != nil {
			t.Fatalf("got %d messages and %v; want 1 and the end", n, err)
		}
		time.Sleep(time.Minute)
		if err := s.RecvMsg(rpctest.Message()); !errors.Is(err, io.EOF) {
			t.Errorf("later RecvMsg = %v; want io.EOF", err)
		}
	})
}

// The time of a consumer that works between two messages is its own, also before the
// first; what it waits for is the peer's.
func TestWhoseTimeItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{
			Client: bounded(t, timeout.Config{FirstMessage: time.Second, Idle: time.Second}),
			Stream: func(s grpc.ServerStream) error {
				err := send(s, 5, time.Millisecond)
				<-s.Context().Done()
				return err
			},
		}.Start(t)
		s := rpctest.Open(t.Context(), t, cc, rpctest.ServerStream)
		for range 5 {
			time.Sleep(time.Minute)
			if err := s.RecvMsg(rpctest.Message()); err != nil {
				t.Fatalf("a consumer that works for a minute got %v", err)
			}
		}
		began := time.Now()
		err := s.RecvMsg(rpctest.Message())
		if !errors.Is(err, timeout.ErrIdle) || time.Since(began) != time.Second {
			t.Errorf("a peer that is silent is ended after %v with %v; want 1s and ErrIdle", time.Since(began), err)
		}
	})
}
