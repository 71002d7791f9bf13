package interceptors_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// builtIn returns the chain of the built-in rule for one side.
func builtIn(t *testing.T, side policy.Side) *policy.Chain {
	t.Helper()
	r, err := interceptors.Default()
	if err != nil {
		t.Fatal(err)
	}
	return r.Resolve(&policy.Call{Method: rpctest.Unary, Target: "rig", Side: side})
}

// Idle streams leave the places of unary calls free on either side, and hanging unary
// calls leave no room for the next.
func TestBuiltInPlaces(t *testing.T) {
	t.Parallel()
	for _, side := range []policy.Side{policy.Client, policy.Server} {
		t.Run(side.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hang := func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				}
				rig := rpctest.Rig{Stream: func(s grpc.ServerStream) error { return hang(s.Context()) }}
				if side == policy.Client {
					rig.Client = builtIn(t, side)
				} else {
					rig.Server = builtIn(t, side)
				}
				hanging := false
				rig.Unary = func(ctx context.Context) error {
					if hanging {
						return hang(ctx)
					}
					return nil
				}
				cc := rig.Start(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				for range interceptors.DefaultMaxStreams {
					rpctest.Open(ctx, t, cc, rpctest.BidiStream)
				}
				synctest.Wait()
				if err := rpctest.Invoke(ctx, cc); err != nil {
					t.Errorf("a unary call beside idle streams: %v", err)
				}
				hanging = true
				for range interceptors.DefaultMaxConcurrent {
					go func() { _ = rpctest.Invoke(ctx, cc) }()
				}
				time.Sleep(time.Second)
				if err := rpctest.Invoke(ctx, cc); policy.ReasonOf(err) != policy.ReasonBulkheadFull {
					t.Errorf("a unary call beside those that hang: %v; want %v", err, bulkhead.ErrFull)
				}
				s, err := cc.NewStream(ctx, rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream)
				if err == nil {
					err = s.RecvMsg(rpctest.Message())
				}
				if policy.ReasonOf(err) != policy.ReasonBulkheadFull {
					t.Errorf("a stream too many: %v; want %v", err, bulkhead.ErrFull)
				}
				cancel()
				time.Sleep(endWindow)
			})
		})
	}
}

// endWindow lets what was cancelled end before the bubble does.
const endWindow = time.Minute
