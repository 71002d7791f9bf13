package interceptors_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// unaryEnds are ways in which unary calls end.
func unaryEnds() []saysOf {
	answers := func(code codes.Code) rpctest.Rig {
		return rpctest.Rig{Unary: func(context.Context) error { return status.Error(code, "it is so") }}
	}
	invoke := func(ctx context.Context, cc *grpc.ClientConn) error { return rpctest.Invoke(ctx, cc) }
	return []saysOf{
		{"deadline in the past", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, -time.Second)
		}, 30, false},
		{"cancelled before", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return rpctest.Invoke(ctx, cc)
		}, 30, false},
		{"deadline shorter than what is usual, but none is known", rpctest.Rig{Unary: takes(200 * time.Millisecond)}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, 20*time.Millisecond)
		}, 30, true},
		{"hang", rpctest.Rig{Unary: hangs}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, 250*time.Millisecond)
		}, 30, true},
		{"deadline of a network's round trip", rpctest.Rig{Unary: takes(20 * time.Millisecond)}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, time.Millisecond)
		}, 100, false},
		{"connection refused", rpctest.Rig{Outer: []grpc.DialOption{refused()}}, invoke, 30, true},
		{"deadline while connecting", rpctest.Rig{Outer: []grpc.DialOption{unreachable()}}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, 50*time.Millisecond)
		}, 30, true},
		{"cancelled by the server", answers(codes.Canceled), invoke, 30, true},
		{"cancelled by the caller", rpctest.Rig{Unary: hangs}, func(ctx context.Context, cc *grpc.ClientConn) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, cancel)
			return rpctest.Invoke(ctx, cc)
		}, 50, false},
		{"a deadline that the server's own calls ran into", answers(codes.DeadlineExceeded), invoke, 30, true},
		{"internal", answers(codes.Internal), invoke, 30, true},
		{"unavailable", answers(codes.Unavailable), invoke, 30, true},
		{"not found", answers(codes.NotFound), invoke, 100, false},
		{"message that cannot be marshalled", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return cc.Invoke(ctx, rpctest.Unary, "no message", rpctest.Message())
		}, 100, false},
		{"message over the limit of its sender", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.MaxCallSendMsgSize(1))
		}, 100, false},
		{"no token for a caller", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.PerRPCCredentials(tokens{status.Error(codes.Unavailable, "no token")}))
		}, 100, false},
		{"no token, and no status either", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.PerRPCCredentials(tokens{errors.New("no token")}))
		}, 100, false},
		{"an interceptor of the caller's own", rpctest.Rig{Inner: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
			func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
				if ctx.Value(sound{}) == nil {
					return errors.New("no session")
				}
				return next(ctx, method, req, reply, cc, opts...)
			})}}, invoke, 100, false},
		{"an answer that must be complete", rpctest.Rig{Unary: func(context.Context) error {
			return (&degrade.IncompleteError{Report: degrade.NewReport()}).GRPCStatus().Err()
		}}, invoke, 100, false},
		{"a message that cannot be marshalled one tier below", rpctest.Rig{Unary: func(context.Context) error {
			return status.Error(codes.Internal, "grpc: error while marshaling: string field contains invalid UTF-8")
		}}, invoke, 100, false},
	}
}

// What a unary call tells of the dependency, over a real connection.
func TestWhatUnaryCallsTell(t *testing.T) {
	t.Parallel()
	testTold(t, unaryEnds())
}

// sound marks the context of a call that nothing is wrong with.
type sound struct{}

// The same for functions: a context that was over before says nothing.
func TestLateFunctionsTellNothing(t *testing.T) {
	t.Parallel()
	b, _ := guardedBy(t)
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for range 50 {
		_ = policy.Run(over, b, "query", func(ctx context.Context) error { return ctx.Err() })
	}
	if b.State() != breaker.Closed {
		t.Errorf("state = %v; want closed", b.State())
	}
	for range 15 {
		_ = policy.Run(over, b, "query", func(context.Context) error { return errors.New("no such table") })
	}
	if b.State() != breaker.Open {
		t.Errorf("state = %v after errors of the database's own; want open", b.State())
	}
}
