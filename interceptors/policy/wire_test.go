package policy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// ask calls a real server, in the caller's bubble, whose every method answers
// with answer. It returns what arrives.
func ask(t *testing.T, answer error) error {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return answer }))
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///shop",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(conn.Close(), stop(server, served)); err != nil {
			t.Error(err)
		}
	}()
	return conn.Invoke(t.Context(), method, &emptypb.Empty{}, &emptypb.Empty{})
}

func stop(s *grpc.Server, served <-chan error) error {
	s.Stop()
	return <-served
}

func TestRejectionOverTheWire(t *testing.T) {
	t.Parallel()
	foul := &policy.Rejection{
		Kind: "break\xffer", Name: "\xc3\x28", Method: "/shop.\xf0/Get",
		Reason: policy.ReasonCircuitOpen, Err: errFull,
	}
	for _, tt := range []struct {
		name   string
		r      *policy.Rejection
		answer func(error) error
		code   codes.Code
		meta   string
	}{
		{"bare", full(), func(err error) error { return err }, codes.ResourceExhausted, "payments"},
		{
			"wrapped", full(), func(err error) error { return fmt.Errorf("page: %w", err) },
			codes.ResourceExhausted, "payments",
		},
		{"not UTF-8", foul, func(err error) error { return err }, codes.Unavailable, "\uFFFD("},
		{
			"not UTF-8, wrapped", foul, func(err error) error { return fmt.Errorf("page: %w", err) },
			codes.Unavailable, "\uFFFD(",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := *tt.r
				r.Retry = time.Now().Add(3 * time.Second)
				err := ask(t, tt.answer(&r))
				if got := status.Code(err); got != tt.code {
					t.Fatalf("error = %v; want %v", err, tt.code)
				}
				info, wait := details(t, status.Convert(err))
				if got := info.GetMetadata()["name"]; got != tt.meta {
					t.Errorf("name = %q; want %q", got, tt.meta)
				}
				if got := wait.GetRetryDelay().AsDuration(); got != 3*time.Second {
					t.Errorf("retry delay = %v; want 3s", got)
				}
				if got := policy.ReasonOf(err); got != r.Reason {
					t.Errorf("ReasonOf = %q; want %q", got, r.Reason)
				}
				if policy.IsRejection(err) || errors.Is(err, errFull) {
					t.Error("a peer's refusal looks like one of ours")
				}
			})
		})
	}
}

// A retry interceptor outside the guard meets the same refusal at each attempt,
// unless it is told by Retriable.
func TestRetryInterceptorAndRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		opts    []retry.CallOption
		refusal error
		down    bool
		asked   int
	}{
		{"untold, open circuit", nil, &policy.Rejection{Reason: policy.ReasonCircuitOpen}, false, 4},
		{"untold, full", nil, full(), false, 4},
		{
			"told, open circuit",
			[]retry.CallOption{retry.WithRetriable(policy.Retriable(nil))},
			&policy.Rejection{Reason: policy.ReasonCircuitOpen}, false, 1,
		},
		{"told, full", []retry.CallOption{retry.WithRetriable(policy.Retriable(nil))}, full(), false, 1},
		{"told, but the peer is down", []retry.CallOption{retry.WithRetriable(policy.Retriable(nil))}, nil, true, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				guard := newChain(t, []policy.Policy{&stage{
					refusal:   tt.refusal,
					onAcquire: func(context.Context, *policy.Call) { asked++ },
				}})
				guarded := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
					return guard.Run(ctx, method, func(context.Context) error { return errDown })
				}
				outside := retry.UnaryClientInterceptor(append(tt.opts, retry.WithMax(4))...)
				err := outside(t.Context(), method, nil, nil, nil,
					func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
						return guarded(ctx, method, req, reply, cc, nil, opts...)
					})
				if asked != tt.asked {
					t.Errorf("the guard was asked %d times; want %d", asked, tt.asked)
				}
				if got, want := policy.IsRejection(err), !tt.down; got != want {
					t.Errorf("error = %v; a rejection: %v; want %v", err, got, want)
				}
			})
		})
	}
}
