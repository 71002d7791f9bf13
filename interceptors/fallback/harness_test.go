package fallback_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// profiles is a server of profiles.
type profiles struct {
	testv1.UnimplementedTierServiceServer

	get func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error)
}

func (p *profiles) GetProfile(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return p.get(ctx, req)
}

// dial runs p until the test ends and returns a connection to it with the
// interceptors of afloat, and the fallbacks.
func (p *profiles) dial(tb testing.TB, target string, fallbacks *fallback.Methods) *grpc.ClientConn {
	tb.Helper()
	rules, err := interceptors.Default()
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer(append(interceptors.ServerOptions(rules), grpc.WaitForHandlers(true))...)
	testv1.RegisterTierServiceServer(server, p)
	return rpctest.Serve(tb, server, target, interceptors.DialOptions(rules, interceptors.WithFallbacks(fallbacks))...)
}

// method is GetProfile, without fallbacks.
func method() fallback.Method[*testv1.GetProfileRequest, *testv1.GetProfileResponse] {
	return fallback.For[*testv1.GetProfileRequest, *testv1.GetProfileResponse](testv1.TierService_GetProfile_FullMethodName)
}

// methods makes the fallbacks of connections to the target "main", with one method.
func methods(tb testing.TB, m fallback.AnyMethod) *fallback.Methods {
	tb.Helper()
	all, err := fallback.NewMethods("passthrough:///main", m)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// store makes a store with defaults.
func store(tb testing.TB, cfg fallback.StoreConfig) *fallback.Store {
	tb.Helper()
	s, err := fallback.NewStore(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// answers is a handler that answers.
func answers(name string) func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
		return &testv1.GetProfileResponse{Name: name}, nil
	}
}

// refuses is a handler that fails.
func refuses(err error) func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) { return nil, err }
}
