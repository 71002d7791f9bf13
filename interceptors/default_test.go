package interceptors_test

import (
	"context"
	"errors"
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
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
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
				for range 1100 { // more than the places of unary calls
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
				more, stop := context.WithTimeout(ctx, time.Second)
				defer stop()
				s, err := cc.NewStream(more, rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream)
				if err == nil {
					err = s.RecvMsg(rpctest.Message())
				}
				if policy.IsRejection(err) {
					t.Errorf("one more stream beside unary calls that hang: %v", err)
				}
				cancel()
				time.Sleep(endWindow)
			})
		})
	}
}

// A call that brings no deadline and takes longer than the built-in one ends with an error
// that says who ended it. The ways out that Default names let it live.
func TestBuiltInDeadline(t *testing.T) {
	t.Parallel()
	const long = interceptors.DefaultTimeout + 5*time.Second
	alone := rules.Rule{Match: rpctest.Unary, Policies: []rules.Template{breaker.Each(breaker.Config{}).On(policy.Client)}}
	for _, tt := range []struct {
		name  string
		rules []rules.Rule
		own   time.Duration // the caller's deadline, zero: none
		ended bool
	}{
		{"the built-in rule", nil, 0, true},
		{"a rule without a timeout", []rules.Rule{alone}, 0, false},
		{"a deadline of the caller", nil, time.Hour, false},
	} {
		for _, side := range []policy.Side{policy.Client, policy.Server} {
			t.Run(tt.name+" on a "+side.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r, err := interceptors.NewRules(tt.rules)
					if err != nil {
						t.Fatal(err)
					}
					chain := r.Resolve(&policy.Call{Method: rpctest.Unary, Target: "rig", Side: side})
					rig := rpctest.Rig{Unary: func(ctx context.Context) error {
						select {
						case <-time.After(long):
							return nil
						case <-ctx.Done():
							return ctx.Err()
						}
					}}
					if side == policy.Client {
						rig.Client = chain
					} else {
						rig.Server = chain
					}
					ctx := t.Context()
					if tt.own > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, tt.own)
						defer cancel()
					}
					err = rpctest.Invoke(ctx, rig.Start(t))
					if !tt.ended {
						if err != nil {
							t.Errorf("err = %v; want an answer", err)
						}
						return
					}
					const text = `timeout: the call outlived its rule's default of 30s (rule "*")`
					if s := status.Convert(err); s.Code() != codes.DeadlineExceeded || s.Message() != text {
						t.Errorf("err = %v; want %q", err, text)
					}
					if got := policy.ReasonOf(err); got != policy.ReasonTimeout {
						t.Errorf("reason = %q; want %q", got, policy.ReasonTimeout)
					}
					if here := side == policy.Client; errors.Is(err, timeout.ErrDefault) != here || errors.Is(err, context.DeadlineExceeded) != here {
						t.Errorf("err = %v; want ErrDefault: %v", err, here)
					}
				})
			})
		}
	}
}

// endWindow lets what was cancelled end before the bubble does.
const endWindow = time.Minute

// Streams are bounded too, though by far more than a program subscribes to.
func TestBuiltInPlacesForStreams(t *testing.T) {
	t.Parallel()
	r, err := interceptors.Default()
	if err != nil {
		t.Fatal(err)
	}
	open := func() error {
		a := &policy.Admission{Call: policy.Call{Method: "/pkg.Service/Watch", Side: policy.Server, Shape: policy.ServerStream}}
		_, err := r.Resolve(&a.Call).Admit(t.Context(), a)
		return err
	}
	for range interceptors.DefaultMaxStreams {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(); policy.ReasonOf(err) != policy.ReasonBulkheadFull {
		t.Errorf("a stream too many: %v; want %v", err, bulkhead.ErrFull)
	}
}
