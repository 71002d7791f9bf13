package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

const pushbackKey = "grpc-retry-pushback-ms"

// retried is a client that has gRPC itself repeat what looks as if it might help.
func retried(t *testing.T, r rpctest.Rig) *grpc.ClientConn {
	t.Helper()
	r.Outer = append(r.Outer, grpc.WithDefaultServiceConfig(`{"methodConfig": [{"name": [{}], "retryPolicy": {
		"maxAttempts": 4, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
		"retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"]}}]}`))
	return r.Start(t)
}

// saidAfar is a refusal by a peer, passed on.
func saidAfar(t *testing.T, code codes.Code, reason policy.Reason) error {
	t.Helper()
	s, err := status.New(code, "refused").WithDetails(&errdetails.ErrorInfo{Domain: policy.Domain, Reason: string(reason)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// What would be refused again is not repeated by gRPC's own retries; everything else is
// repeated as it would be without us.
func TestRefusalsPushBack(t *testing.T) {
	t.Parallel()
	const wait = 2 * time.Second
	for _, tt := range []struct {
		name     string
		err      func() error
		attempts int
		pushback []string
	}{
		{"our open circuit", func() error { return &policy.Rejection{Reason: policy.ReasonCircuitOpen} }, 1, []string{"-1"}},
		{"our open circuit, for a known time", func() error {
			return &policy.Rejection{Reason: policy.ReasonCircuitOpen, Retry: time.Now().Add(wait)}
		}, 1, []string{"-1"}},
		{"our open circuit, wrapped", func() error {
			return fmt.Errorf("get: %w", &policy.Rejection{Reason: policy.ReasonCircuitOpen})
		}, 1, []string{"-1"}},
		{"no time", func() error { return &policy.Rejection{Reason: policy.ReasonDeadlineTooNear} }, 1, []string{"-1"}},
		{"cancelled", func() error { return &policy.Rejection{Reason: policy.ReasonCancelled} }, 1, []string{"-1"}},
		{"a peer's open circuit", func() error { return saidAfar(t, codes.Unavailable, policy.ReasonCircuitOpen) }, 1, []string{"-1"}},
		{"a peer has no time", func() error { return saidAfar(t, codes.DeadlineExceeded, policy.ReasonDeadlineTooNear) }, 1, []string{"-1"}},
		{"full", func() error { return &policy.Rejection{Reason: policy.ReasonBulkheadFull} }, 4, nil},
		{"limited", func() error {
			return &policy.Rejection{Reason: policy.ReasonRateLimited, Retry: time.Now().Add(wait)}
		}, 4, []string{"2000"}},
		{"a peer is full", func() error { return saidAfar(t, codes.ResourceExhausted, policy.ReasonBulkheadFull) }, 4, nil},
		{"another's reason", func() error { return &policy.Rejection{Reason: "MAINTENANCE"} }, 4, nil},
		{"a code that the reason does not have", func() error {
			return saidAfar(t, codes.ResourceExhausted, policy.ReasonCircuitOpen)
		}, 4, nil},
		{"down", func() error { return errDown }, 4, nil},
		{"plain", func() error { return errors.New("plain") }, 1, nil},
		{"not found", func() error { return status.Error(codes.NotFound, "") }, 1, nil},
	} {
		for _, where := range []string{"handler", "handler without a guard", "guard"} {
			t.Run(where+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					asked := 0
					r := rpctest.Rig{
						Unary:  func(context.Context) error { asked++; return tt.err() },
						Stream: func(grpc.ServerStream) error { asked++; return tt.err() },
					}
					switch where {
					case "guard":
						r.Server = rpctest.ChainOf(t, refuses(func() error { asked++; return tt.err() }))
					case "handler":
						r.Server = rpctest.ChainOf(t, &policytest.Spy{})
					}
					cc := retried(t, r)
					began := time.Now()
					var trailer metadata.MD
					if err := rpctest.Invoke(t.Context(), cc, grpc.Trailer(&trailer)); policy.Code(err) != policy.Code(tt.err()) {
						t.Errorf("error = %v", err)
					}
					wantPushback(t, "unary", trailer, tt.pushback)
					if asked != tt.attempts {
						t.Errorf("asked %d times; want %d", asked, tt.attempts)
					}
					if took := time.Since(began); tt.name == "limited" && took != 3*wait {
						t.Errorf("three repetitions after %v; want %v", took, 3*wait)
					}
					asked = 0
					s := open(t.Context(), t, cc, rpctest.ServerStream)
					_ = toEnd(s)
					wantPushback(t, "stream", s.Trailer(), tt.pushback)
					if asked != tt.attempts {
						t.Errorf("stream: asked %d times; want %d", asked, tt.attempts)
					}
				})
			})
		}
	}
}

func wantPushback(t *testing.T, call string, trailer metadata.MD, want []string) {
	t.Helper()
	if got := trailer.Get(pushbackKey); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: pushback = %q; want %q", call, got, want)
	}
}

// refuses is a policy that refuses every call with what it returns.
type refuses func() error

func (refuses) Layer() policy.Layer { return policy.LayerCustom }

func (r refuses) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, r()
}

// Answers carry nothing of the kind, and a call that did not come through gRPC has no
// trailers.
func TestAnswersDoNotPushBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{Server: rpctest.ChainOf(t, &policytest.Spy{})}.Start(t)
		var trailer metadata.MD
		if err := rpctest.Invoke(t.Context(), cc, grpc.Trailer(&trailer)); err != nil || len(trailer) != 0 {
			t.Errorf("error = %v, trailer %v; want neither", err, trailer)
		}
	})
	guard := interceptors.UnaryServerInterceptor(rpctest.One{})
	want := &policy.Rejection{Reason: policy.ReasonCircuitOpen}
	_, err := guard(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: rpctest.Unary}, func(context.Context, any) (any, error) {
		return nil, want
	})
	if err != error(want) { //nolint:errorlint // it must be the very same
		t.Errorf("error = %v; want it unchanged", err)
	}
}
