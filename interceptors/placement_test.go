package interceptors_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// saw is what an interceptor that logs has seen.
type saw struct{ codes []codes.Code }

func (s *saw) server(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	resp, err := handler(ctx, req)
	s.codes = append(s.codes, status.Code(err))
	return resp, err
}

func (s *saw) client(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	s.codes = append(s.codes, status.Code(err))
	return err
}

// Interceptors of a server that stand before afloat's see its refusals, those after do not.
func TestLoggingOutsideOfAServersGuardSeesRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var outside, inside saw
		guard := rpctest.One{Chain: rpctest.ChainOf(t, full(t))}
		opts := []grpc.ServerOption{grpc.ChainUnaryInterceptor(outside.server)}
		opts = append(opts, interceptors.ServerOptions(guard)...)
		opts = append(opts, grpc.ChainUnaryInterceptor(inside.server), grpc.WaitForHandlers(true))
		server, rig := grpc.NewServer(opts...), rpctest.Rig{}
		server.RegisterService(rig.Desc(), rig)
		cc := rpctest.Serve(t, server, "rig")
		if err := rpctest.Invoke(t.Context(), cc); policy.ReasonOf(err) != policy.ReasonBulkheadFull {
			t.Errorf("%v; want a refusal", err)
		}
		if !slices.Equal(outside.codes, []codes.Code{codes.ResourceExhausted}) || inside.codes != nil {
			t.Errorf("outside %v, inside %v; want the refusal outside alone", outside.codes, inside.codes)
		}
	})
}

// full returns a bulkhead whose only place is taken.
func full(t *testing.T) *bulkhead.Bulkhead {
	t.Helper()
	places, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1})
	if err == nil {
		_, err = places.Acquire(t.Context(), &policy.Call{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return places
}

// So do those of a client: what stands after, such as one that fetches tokens, is not asked
// for a call that is refused.
func TestInterceptorsInsideOfAClientsGuardAreNotAskedForRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var outside, inside saw
		circuit, err := breaker.New(breaker.Config{ConsecutiveFailures: 1})
		if err != nil {
			t.Fatal(err)
		}
		cc := rpctest.Rig{
			Unary:  func(context.Context) error { return status.Error(codes.Unavailable, "down") },
			Client: rpctest.ChainOf(t, circuit),
			Outer:  []grpc.DialOption{grpc.WithChainUnaryInterceptor(outside.client)},
			Inner:  []grpc.DialOption{grpc.WithChainUnaryInterceptor(inside.client)},
		}.Start(t)
		_ = rpctest.Invoke(t.Context(), cc)
		if err := rpctest.Invoke(t.Context(), cc); !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("%v; want a refusal", err)
		}
		if len(outside.codes) != 2 || len(inside.codes) != 1 {
			t.Errorf("outside %v, inside %v; want both calls outside, and one inside", outside.codes, inside.codes)
		}
	})
}

// A recovery that stands before afloat's interceptors gets the panics of handlers, and the
// guard has given back what the call had.
func TestRecoveryOutsideOfAGuardGetsPanics(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"unary": rpctest.Unary, "stream": rpctest.ServerStream} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var recovered any
				recovering := func(next func() error) (err error) {
					defer func() {
						if recovered = recover(); recovered != nil {
							err = status.Error(codes.Internal, "recovered")
						}
					}()
					return next()
				}
				places, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1})
				bound, failed := timeout.New(timeout.Config{Max: time.Minute})
				if err := errors.Join(err, failed); err != nil {
					t.Fatal(err)
				}
				opts := []grpc.ServerOption{
					grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (resp any, err error) {
						err = recovering(func() error { resp, err = h(ctx, req); return err })
						return resp, err
					}),
					grpc.ChainStreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
						return recovering(func() error { return h(srv, s) })
					}),
				}
				opts = append(opts, interceptors.ServerOptions(rpctest.One{Chain: rpctest.ChainOf(t, places, bound)})...)
				server := grpc.NewServer(append(opts, grpc.WaitForHandlers(true))...)
				rig := rpctest.Rig{
					Unary:  func(context.Context) error { panic("oops") },
					Stream: func(grpc.ServerStream) error { panic("oops") },
				}
				server.RegisterService(rig.Desc(), rig)
				cc := rpctest.Serve(t, server, "rig")
				for range 2 { // the second finds the place free
					if method == rpctest.Unary {
						err = rpctest.Invoke(t.Context(), cc)
					} else {
						err = rpctest.Open(t.Context(), t, cc, method).RecvMsg(rpctest.Message())
					}
					if status.Code(err) != codes.Internal || recovered != "oops" {
						t.Errorf("%v, recovered %v; want what the recovery says", err, recovered)
					}
				}
			})
		})
	}
}
