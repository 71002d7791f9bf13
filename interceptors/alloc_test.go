package interceptors_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A guarded unary call, admitted or refused, allocates nothing: breaker,
// bulkhead and timeout behind a lookup by method.
func TestNoAllocation(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	list := func(cfg breaker.Config, places int) *rules.Rules {
		r, err := rules.New([]rules.Rule{{Match: "/rig.v1.Rig/*", Policies: []rules.Template{
			timeout.Each(timeout.Config{Default: time.Minute, Max: 2 * time.Hour}),
			breaker.Each(cfg),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: places}),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	opts := []grpc.CallOption{grpc.StaticMethod()}
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	handler := func(context.Context, any) (any, error) { return nil, nil }
	info := &grpc.UnaryServerInfo{FullMethod: rpctest.Unary}
	text := strings.Clone(rpctest.Unary) // equal in text, elsewhere in memory

	admitting := list(breaker.Config{}, 10)
	open := list(breaker.Config{Mode: breaker.AlwaysOpen}, 10)
	full := list(breaker.Config{}, 1)
	hold := make(chan struct{})
	started := make(chan struct{})
	go func() {
		_ = interceptors.UnaryClientInterceptor(full)(ctx, rpctest.Unary, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
				close(started)
				<-hold
				return nil
			})
	}()
	<-started
	defer close(hold)

	client := func(r *rules.Rules, method string) func() error {
		guard := interceptors.UnaryClientInterceptor(r)
		return func() error { return guard(ctx, method, nil, nil, nil, invoker, opts...) }
	}
	server := interceptors.UnaryServerInterceptor(admitting)
	for _, tt := range []struct {
		name    string
		call    func() error
		refused bool
	}{
		{"client, admitted", client(admitting, rpctest.Unary), false},
		{"client, admitted, method elsewhere in memory", client(admitting, text), false},
		{"client, refused by the breaker", client(open, rpctest.Unary), true},
		{"client, refused by the bulkhead", client(full, rpctest.Unary), true},
		{"server, admitted", func() error { _, err := server(ctx, nil, info, handler); return err }, false},
	} {
		if err := tt.call(); policy.IsRejection(err) != tt.refused {
			t.Fatalf("%s: error = %v", tt.name, err)
		}
		if got := testing.AllocsPerRun(1000, func() { _ = tt.call() }); got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}
