package fanout_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// asking runs a handler for one call with an option.
func asking(t *testing.T, opt grpc.CallOption, handler func(context.Context) error) {
	t.Helper()
	cc := rpctest.Rig{Unary: handler}.Start(t)
	_ = rpctest.Invoke(t.Context(), cc, opt) // the handler's test looks at its own error
}

// connected is a source that calls a real server, under a policy, and gets no
// answer.
func connected(t *testing.T, p policy.Policy) func(context.Context, request) (string, error) {
	t.Helper()
	cc := rpctest.Rig{
		Unary:  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		Client: rpctest.ChainOf(t, p),
	}.Start(t)
	return func(ctx context.Context, _ request) (string, error) {
		return "", rpctest.Invoke(ctx, cc)
	}
}

func (accounts) GetAccount(context.Context, *testv1.GetAccountRequest, ...grpc.CallOption) (*testv1.GetAccountResponse, error) {
	return &testv1.GetAccountResponse{Plan: "gold"}, nil
}

func inMemory() testv1.TierServiceClient { return accounts{} }
