package interceptors_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Everything of a call passes through, both ways.
func TestCallPassesThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deadline := time.Now().Add(time.Hour)
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, &policytest.Spy{}), Server: rpctest.ChainOf(t, &policytest.Spy{}),
			Unary: func(ctx context.Context) error {
				md, _ := metadata.FromIncomingContext(ctx)
				if got := md.Get("question"); !slices.Equal(got, []string{"why"}) {
					t.Errorf("metadata = %v", md)
				}
				if got, ok := ctx.Deadline(); !ok || got.Sub(deadline).Abs() > time.Second {
					t.Errorf("deadline = %v, %v; want %v", got, ok, deadline)
				}
				_ = grpc.SetHeader(ctx, metadata.Pairs("head", "h"))
				_ = grpc.SetTrailer(ctx, metadata.Pairs("tail", "t"))
				return nil
			},
		}.Start(t)
		ctx, cancel := context.WithDeadline(metadata.AppendToOutgoingContext(t.Context(), "question", "why"), deadline)
		defer cancel()
		var header, trailer metadata.MD
		var from peer.Peer
		if err := rpctest.Invoke(ctx, cc, grpc.Header(&header), grpc.Trailer(&trailer), grpc.Peer(&from)); err != nil {
			t.Fatal(err)
		}
		if header.Get("head")[0] != "h" || trailer.Get("tail")[0] != "t" || from.Addr == nil {
			t.Errorf("header %v, trailer %v, peer %v", header, trailer, from)
		}
	})
}

// The very error value passes through, on all four adapters.
func TestErrorPassesThrough(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd")
	resolver := rpctest.One{Chain: rpctest.ChainOf(t, &policytest.Spy{})}
	ctx := t.Context()
	_, streamErr := interceptors.StreamClientInterceptor(resolver)(ctx, rpctest.DescOf(rpctest.BidiStream), nil, rpctest.BidiStream,
		func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
			return nil, odd
		})
	_, handlerErr := interceptors.UnaryServerInterceptor(resolver)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: rpctest.Unary},
		func(context.Context, any) (any, error) { return nil, odd })
	for name, err := range map[string]error{
		"unary client": interceptors.UnaryClientInterceptor(resolver)(ctx, rpctest.Unary, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return odd }),
		"stream client": streamErr,
		"unary server":  handlerErr,
		"stream server": interceptors.StreamServerInterceptor(resolver)(nil, handled{ctx: ctx},
			&grpc.StreamServerInfo{FullMethod: rpctest.BidiStream}, func(any, grpc.ServerStream) error { return odd }),
	} {
		if err != odd { //nolint:errorlint // the very value
			t.Errorf("%s: error = %v; want the very same", name, err)
		}
	}
}

// A client that sets its own interceptors by the options without Chain keeps
// them, outermost.
func TestOwnInterceptorsStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		spy := &policytest.Spy{}
		own := func(
			ctx context.Context, method string, req, reply any,
			cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			order = append(order, "own", strings.Repeat("guard", len(spy.Asked())))
			return invoker(ctx, method, req, reply, cc, opts...)
		}
		cc := rpctest.Rig{Client: rpctest.ChainOf(t, spy), Outer: []grpc.DialOption{grpc.WithUnaryInterceptor(own)}}.Start(t)
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(order, []string{"own", ""}) || len(spy.Asked()) != 1 {
			t.Errorf("order = %q, guard asked %d times", order, len(spy.Asked()))
		}
	})
}

func TestCallOptionsOverrule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outer, inner := &policytest.Spy{}, &policytest.Spy{}
		cc := rpctest.Rig{Client: rpctest.ChainOf(t, outer), Unary: func(context.Context) error { return errDown }}.Start(t)
		_ = rpctest.Invoke(t.Context(), cc, policy.Skip())
		_ = rpctest.Invoke(t.Context(), cc, policy.Override(rpctest.ChainOf(t, inner)))
		if len(outer.Asked()) != 0 || len(inner.Asked()) != 1 {
			t.Fatalf("asked %d and %d times; want 0 and 1", len(outer.Asked()), len(inner.Asked()))
		}
		_ = rpctest.Invoke(t.Context(), cc, policy.Reclassify(func(error) policy.Verdict { return policy.Ignored }))
		if o := outer.Settled(); len(o) != 1 || o[0].Verdict != policy.Ignored || !o[0].Decided {
			t.Errorf("settled = %+v; want ignored, decided", o)
		}
		s, err := cc.NewStream(t.Context(), rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream, policy.Skip())
		if err != nil {
			t.Fatal(err)
		}
		_ = s.CloseSend()
		_ = toEnd(s)
		if len(outer.Asked()) != 1 {
			t.Error("a skipped stream was guarded")
		}
	})
}

// A server's pushback in a trailer lengthens the open time.
func TestPushbackReachesTheBreaker(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		trailer []string
		want    time.Duration
	}{
		{[]string{"20000"}, 20 * time.Second},
		{[]string{"-1"}, 5 * time.Second},
		{[]string{"soon"}, 5 * time.Second},
		{[]string{"20000", "30000"}, 5 * time.Second},
		{nil, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, err := breaker.New(breaker.Config{ConsecutiveFailures: 2, WindowCalls: 100, OpenFor: 5 * time.Second, NoJitter: true})
			if err != nil {
				t.Fatal(err)
			}
			cc := rpctest.Rig{Client: rpctest.ChainOf(t, b), Unary: func(ctx context.Context) error {
				_ = grpc.SetTrailer(ctx, metadata.MD{"grpc-retry-pushback-ms": tt.trailer})
				return errDown
			}}.Start(t)
			_ = rpctest.Invoke(t.Context(), cc)
			_ = rpctest.Invoke(t.Context(), cc)
			if got := time.Until(b.Snapshot().RetryAt); got != tt.want {
				t.Errorf("trailer %q: open for %v; want %v", tt.trailer, got, tt.want)
			}
		})
	}
}

// A resolver that is nil fails every call, and says what is wrong.
func TestNilResolver(t *testing.T) {
	t.Parallel()
	var list *rules.Rules
	for name, r := range map[string]policy.Resolver{"nil": nil, "nil rules": list} {
		err := interceptors.UnaryClientInterceptor(r)(t.Context(), rpctest.Unary, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil })
		if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "resolver = nil") {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

// Methods that no service registered are whatever a client makes up: they must
// not get keys of their own.
func TestUnknownMethodsOfAServerGetNoKeys(t *testing.T) {
	t.Parallel()
	rec := &policytest.Recorder{}
	list, err := interceptors.Default(rules.WithObserver(rec))
	if err != nil {
		t.Fatal(err)
	}
	guard := interceptors.StreamServerInterceptor(list)
	call := func(srv any, method string) {
		_ = guard(srv, handled{ctx: t.Context()}, &grpc.StreamServerInfo{FullMethod: method}, func(any, grpc.ServerStream) error { return nil })
	}
	keys := func() (n int) {
		for range list.All() {
			n++
		}
		return n
	}
	call(nil, "/made.Up/One")
	call(nil, "/made.Up/Two")
	if n := keys(); n != 0 {
		t.Errorf("unknown methods made %d keys", n)
	}
	call(struct{}{}, rpctest.BidiStream)
	if n := keys(); n != 1 {
		t.Errorf("a known method made %d keys; want 1", n)
	}
	for i, e := range rec.Of(policytest.Admitted) {
		if unregistered := i < 2; e.Call.Unregistered != unregistered {
			t.Errorf("%s: unregistered = %v; want %v", e.Call.Method, e.Call.Unregistered, unregistered)
		}
	}
}
