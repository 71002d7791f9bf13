package interceptors_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// catching passes what handlers panic with to caught, as recovery interceptors do, which
// stand outside.
func catching(caught *atomic.Value) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				caught.Store(p)
				err = status.Error(codes.Internal, "recovered")
			}
		}()
		return handler(srv, ss)
	}
}

// overrunRig is a server whose streams are bounded by Total: 1s.
type overrunRig struct {
	caught   atomic.Value
	observer policytest.Recorder
	overruns *interceptors.Overruns
}

func (r *overrunRig) start(t *testing.T, handler func(grpc.ServerStream) error) *grpc.ClientConn {
	t.Helper()
	p, err := timeout.New(timeout.Config{Total: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := policy.NewChain([]policy.Policy{p}, policy.WithObserver(&r.observer))
	if err != nil {
		t.Fatal(err)
	}
	return rpctest.Rig{
		Stream: handler,
		ServerOptions: []grpc.ServerOption{
			grpc.ChainStreamInterceptor(catching(&r.caught),
				interceptors.StreamServerInterceptor(rpctest.One{Chain: chain}, interceptors.WithOverruns(r.overruns))),
		},
	}.Start(t)
}

// A panic before the end goes on to the interceptors outside, with its value; one after
// it is caught, counted and told.
func TestPanicsOfBoundedHandlers(t *testing.T) {
	t.Parallel()
	value := &struct{ int }{1}
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := overrunRig{overruns: new(interceptors.Overruns)}
			cc := r.start(t, func(grpc.ServerStream) error {
				if late {
					time.Sleep(time.Minute)
				}
				panic(value)
			})
			_, err := readAll(rpctest.Open(t.Context(), t, cc, rpctest.BidiStream))
			if !late {
				if policy.Code(err) != codes.Internal || r.caught.Load() != value {
					t.Errorf("the client got %v, outside was caught %v; want INTERNAL and the very value", err, r.caught.Load())
				}
				return
			}
			isTimeout(t, err)
			if err := r.overruns.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			told := r.observer.Of(policytest.Overran)
			if len(told) != 2 || told[0].Overrun.Ended || !told[1].Overrun.Ended ||
				told[1].Overrun.For != time.Minute-time.Second || told[1].Overrun.Panic == nil || told[1].Overrun.Panic.Value != any(value) {
				t.Errorf("the observer heard %+v; want that a handler overran, and that it panicked after 59s", told)
			}
			if r.caught.Load() != nil {
				t.Error("a late panic reached the interceptors of a stream that had ended")
			}
		})
	}
}

// A handler that ends its goroutine does so as without us.
func TestGoexitOfABoundedHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exited := false
		run := interceptors.StreamServerInterceptor(rpctest.One{Chain: bounded(t, timeout.Config{Total: time.Second})})
		var wg sync.WaitGroup
		wg.Go(func() {
			exited = true
			_ = run(nil, loneStream{t.Context()}, &grpc.StreamServerInfo{}, func(any, grpc.ServerStream) error {
				runtime.Goexit()
				return nil
			})
			exited = false
		})
		wg.Wait()
		if !exited {
			t.Error("the goroutine of the stream went on")
		}
	})
}

// loneStream is a stream of which only the context is asked.
type loneStream struct{ ctx context.Context }

func (s loneStream) Context() context.Context   { return s.ctx }
func (loneStream) SendMsg(any) error            { return nil }
func (loneStream) RecvMsg(any) error            { return io.EOF }
func (loneStream) SetHeader(metadata.MD) error  { return nil }
func (loneStream) SendHeader(metadata.MD) error { return nil }
func (loneStream) SetTrailer(metadata.MD)       {}

// Handlers that run on are counted and bounded, and a shutdown can wait for them.
func TestOverrunsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		overruns, err := interceptors.NewOverruns(2)
		if err != nil {
			t.Fatal(err)
		}
		r := overrunRig{overruns: overruns}
		cc := r.start(t, func(grpc.ServerStream) error {
			time.Sleep(time.Minute)
			return nil
		})
		call := func() error {
			_, err := readAll(rpctest.Open(t.Context(), t, cc, rpctest.BidiStream))
			return err
		}
		isTimeout(t, call())
		isTimeout(t, call())
		if n := overruns.Running(); n != 2 {
			t.Errorf("%d run on; want 2", n)
		}
		if err := call(); policy.ReasonOf(err) != policy.ReasonOverruns || policy.Code(err) != codes.ResourceExhausted {
			t.Errorf("the third is answered %v; want RESOURCE_EXHAUSTED with the reason OVERRUNS", err)
		}
		if told := r.observer.Of(policytest.Rejected); len(told) != 1 || !errors.Is(told[0].Rejected.Err, interceptors.ErrOverruns) {
			t.Errorf("the observer heard %+v; want one refusal", told)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := overruns.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait = %v; want the end of its context", err)
		}
		if err := overruns.Wait(t.Context()); err != nil || overruns.Running() != 0 {
			t.Errorf("Wait = %v while %d run on; want nil and none", err, overruns.Running())
		}
		isTimeout(t, call()) // there is room again
		if err := overruns.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestOverrunsNeedABound(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, 1_000_001} {
		if _, err := interceptors.NewOverruns(n); err == nil || !strings.Contains(err.Error(), "[1, 1000000]") {
			t.Errorf("NewOverruns(%d): %v; want an error that says what is allowed", n, err)
		}
	}
}
