package interceptors_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

// What interceptors further in can do to a stream, and what gRPC's OnFinish can:
// come twice, early, or not at all.

// fakeStream is an interceptor's own client Stream: gRPC knows nothing of it.
type fakeStream struct {
	grpc.ClientStream

	err error
}

func (f fakeStream) RecvMsg(any) error            { return f.err }
func (f fakeStream) SendMsg(any) error            { return f.err }
func (f fakeStream) CloseSend() error             { return nil }
func (f fakeStream) Header() (metadata.MD, error) { return nil, f.err }
func (f fakeStream) Trailer() metadata.MD         { return nil }

// onFinish is what gRPC does with the option of that name.
func onFinish(opts []grpc.CallOption, err error) {
	for _, o := range opts {
		if f, ok := o.(grpc.OnFinishCallOption); ok {
			f.OnFinish(err)
		}
	}
}

// openWith opens a stream through the guard on a streamer of the test.
func openWith(ctx context.Context, tb testing.TB, spy *policytest.Spy, method string, streamer grpc.Streamer) (grpc.ClientStream, error) {
	tb.Helper()
	guard := interceptors.StreamClientInterceptor(rpctest.One{Chain: rpctest.ChainOf(tb, spy)})
	return guard(ctx, rpctest.DescOf(method), nil, method, streamer)
}

func TestStreamsOfInnerInterceptors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		method   string
		streamer grpc.Streamer
		use      func(grpc.ClientStream)
		verdict  policy.Verdict
	}{
		{
			"short-circuit", rpctest.BidiStream,
			func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
				return nil, errDown
			}, nil, policy.Failure,
		},
		{
			"own stream, error from RecvMsg", rpctest.BidiStream, ownStream(errDown),
			func(s grpc.ClientStream) { _ = s.RecvMsg(nil); _ = s.RecvMsg(nil) }, policy.Failure,
		},
		{
			"own stream, error from SendMsg", rpctest.BidiStream, ownStream(errDown),
			func(s grpc.ClientStream) { _ = s.SendMsg(nil); _ = s.SendMsg(nil) }, policy.Failure,
		},
		{
			"own stream, error from Header", rpctest.BidiStream, ownStream(errDown),
			func(s grpc.ClientStream) { _, _ = s.Header() }, policy.Failure,
		},
		{
			"own stream, one reply", rpctest.ClientStream, ownStream(nil),
			func(s grpc.ClientStream) { _ = s.RecvMsg(nil); _ = s.RecvMsg(nil) }, policy.Success,
		},
		{
			"OnFinish twice, then RecvMsg", rpctest.BidiStream,
			func(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
				onFinish(opts, nil)
				onFinish(opts, errDown)
				return fakeStream{err: errDown}, nil
			}, func(s grpc.ClientStream) { _ = s.RecvMsg(nil) }, policy.Success,
		},
		{
			"OnFinish and an error of the streamer", rpctest.BidiStream,
			func(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
				onFinish(opts, errDown)
				return nil, errDown
			}, nil, policy.Failure,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spy := &policytest.Spy{}
				s, err := openWith(t.Context(), t, spy, tt.method, tt.streamer)
				if err == nil {
					tt.use(s)
				}
				if o := settledOnce(t, spy); o.Verdict != tt.verdict || errors.Is(o.Err, policy.ErrPanicked) {
					t.Errorf("settled as %v with %v; want %v", o.Verdict, o.Err, tt.verdict)
				}
			})
		})
	}
}

func ownStream(err error) grpc.Streamer {
	return func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		return fakeStream{err: err}, nil
	}
}

// An interceptor further in that drops the call options takes OnFinish away.
func TestDroppedCallOptions(t *testing.T) {
	t.Parallel()
	drop := grpc.WithChainStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, _ ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return streamer(ctx, desc, cc, method)
	})
	for _, tt := range []struct {
		name    string
		stream  func(grpc.ServerStream) error
		end     func(s grpc.ClientStream, cancel func())
		verdict policy.Verdict
	}{
		{"read to the end", answer, func(s grpc.ClientStream, _ func()) { _ = toEnd(s) }, policy.Success},
		{"failed", fail, func(s grpc.ClientStream, _ func()) { _ = toEnd(s) }, policy.Failure},
		{"cancelled, nothing received", hold, func(_ grpc.ClientStream, cancel func()) { cancel() }, policy.Ignored},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spy := &policytest.Spy{}
				r := rpctest.Rig{Stream: tt.stream, Client: rpctest.ChainOf(t, spy)}
				r.Inner = []grpc.DialOption{drop}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				tt.end(open(ctx, t, r.Start(t), rpctest.ServerStream), cancel)
				if o := settledOnce(t, spy); o.Verdict != tt.verdict {
					t.Errorf("settled as %v with %v; want %v", o.Verdict, o.Err, tt.verdict)
				}
			})
		})
	}
}

// The bugs: no defer, so that a panic keeps the place (platinummonkey's
// interceptors, failsafe-go); a call that the framework drops keeps it
// (Netflix #190).
func TestPanicAndGoexitSettle(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(){
		"panic":  func() { panic("further in") },
		"goexit": runtime.Goexit,
	} {
		calls := map[string]func(ctx context.Context, tb testing.TB, spy *policytest.Spy){
			"stream client": func(ctx context.Context, tb testing.TB, spy *policytest.Spy) {
				tb.Helper()
				_, _ = openWith(ctx, tb, spy, rpctest.BidiStream, func(
					context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption,
				) (grpc.ClientStream, error) {
					leave()
					return nil, nil
				})
			},
			"unary client": func(ctx context.Context, tb testing.TB, spy *policytest.Spy) {
				tb.Helper()
				guard := interceptors.UnaryClientInterceptor(rpctest.One{Chain: rpctest.ChainOf(tb, spy)})
				_ = guard(ctx, rpctest.Unary, nil, nil, nil, func(
					context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption,
				) error {
					leave()
					return nil
				})
			},
			"unary server": func(ctx context.Context, tb testing.TB, spy *policytest.Spy) {
				tb.Helper()
				guard := interceptors.UnaryServerInterceptor(rpctest.One{Chain: rpctest.ChainOf(tb, spy)})
				_, _ = guard(ctx, nil, &grpc.UnaryServerInfo{FullMethod: rpctest.Unary}, func(context.Context, any) (any, error) {
					leave()
					return nil, nil
				})
			},
			"stream server": func(ctx context.Context, tb testing.TB, spy *policytest.Spy) {
				tb.Helper()
				guard := interceptors.StreamServerInterceptor(rpctest.One{Chain: rpctest.ChainOf(tb, spy)})
				_ = guard(nil, handled{ctx: ctx}, &grpc.StreamServerInfo{FullMethod: rpctest.BidiStream}, func(any, grpc.ServerStream) error {
					leave()
					return nil
				})
			},
		}
		for side, call := range calls {
			t.Run(side+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					spy := &policytest.Spy{}
					recovered := make(chan any, 1)
					go func() {
						defer func() { recovered <- recover() }()
						call(t.Context(), t, spy)
					}()
					if r := <-recovered; (r != nil) != (name == "panic") {
						t.Errorf("recovered %v: the panic must go on, and only that", r)
					}
					if o := settledOnce(t, spy); o.Verdict != policy.Failure || !errors.Is(o.Err, policy.ErrPanicked) {
						t.Errorf("settled as %v with %v", o.Verdict, o.Err)
					}
				})
			})
		}
	}
}

// handled is a server stream of which only the context is used.
type handled struct {
	grpc.ServerStream

	ctx context.Context
}

func (h handled) Context() context.Context { return h.ctx }

// Cancelling while the stream opens: gRPC then may call OnFinish before it
// returns the stream.
func TestCancelRacesOpening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spy := &policytest.Spy{}
		cc := rpctest.Rig{Stream: hold, Client: rpctest.ChainOf(t, spy)}.Start(t)
		var all sync.WaitGroup
		const n = 300
		for range n {
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				go cancel()
				if s, err := cc.NewStream(ctx, rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream); err == nil {
					_ = s.RecvMsg(rpctest.Message())
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := len(spy.Settled()); got != n {
			t.Errorf("%d streams settled %d times", n, got)
		}
	})
}

// Call options are shared between calls by gRPC: appending in place would swap
// them between calls. Under -race this shows as a race.
func TestSharedCallOptionsAreNotAppendedTo(t *testing.T) {
	t.Parallel()
	shared := make([]grpc.CallOption, 3, 8)
	for i := range shared {
		shared[i] = grpc.EmptyCallOption{}
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			spy := &policytest.Spy{}
			guard := interceptors.StreamClientInterceptor(rpctest.One{Chain: rpctest.ChainOf(t, spy)})
			s, err := guard(t.Context(), rpctest.DescOf(rpctest.BidiStream), nil, rpctest.BidiStream, ownStream(errDown), shared...)
			if err == nil {
				_ = s.RecvMsg(nil)
			}
			if len(spy.Settled()) != 1 {
				t.Errorf("settled %d times", len(spy.Settled()))
			}
		})
	}
	all.Wait()
	for i, o := range shared[:cap(shared)][3:] {
		if o != nil {
			t.Errorf("option %d was written behind the caller's slice", i+3)
		}
	}
}

// A refused call goes nowhere, and its status arrives on the other side.
func TestRefusal(t *testing.T) {
	t.Parallel()
	refusal := &policy.Rejection{Kind: "spy", Method: rpctest.Unary, Reason: policy.ReasonBulkheadFull}
	synctest.Test(t, func(t *testing.T) {
		spy := &policytest.Spy{Refusal: refusal}
		reached := 0
		r := rpctest.Rig{
			Client: rpctest.ChainOf(t, spy),
			Unary:  func(context.Context) error { reached++; return nil },
			Stream: func(grpc.ServerStream) error { reached++; return nil },
		}
		cc := r.Start(t)
		err := rpctest.Invoke(t.Context(), cc)
		_, streamErr := cc.NewStream(t.Context(), rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream)
		synctest.Wait()
		if !policy.IsRejection(err) || !policy.IsRejection(streamErr) || reached != 0 {
			t.Errorf("errors = %v, %v; reached the server %d times", err, streamErr, reached)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{Server: rpctest.ChainOf(t, &policytest.Spy{Refusal: refusal})}.Start(t)
		err := rpctest.Invoke(t.Context(), cc)
		streamErr := toEnd(open(t.Context(), t, cc, rpctest.ServerStream))
		for _, err := range []error{err, streamErr} {
			if policy.Code(err) != codes.ResourceExhausted || policy.ReasonOf(err) != policy.ReasonBulkheadFull {
				t.Errorf("error = %v with reason %q", err, policy.ReasonOf(err))
			}
		}
	})
}
