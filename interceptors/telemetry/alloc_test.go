package telemetry_test

import (
	"context"
	"testing"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// A call that is let through costs no allocation more, whatever is recorded of it:
// sets of attributes are made once.
func TestNoAllocationOfAdmittedCalls(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	sdk := newBackend(t)
	nowhere, err := telemetry.New(
		telemetry.WithTracerProvider(tracenoop.NewTracerProvider()), telemetry.WithMeterProvider(metricnoop.NewMeterProvider()))
	if err != nil {
		t.Fatal(err)
	}
	unset, err := telemetry.New()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	handler := func(context.Context, any) (any, error) { return nil, nil }
	for name, observer := range map[string]policy.Observer{"no providers": nowhere, "global ones that nobody set": unset, "SDK": sdk} {
		rules, err := interceptors.Default(policy.WithObserver(observer))
		if err != nil {
			t.Fatal(err)
		}
		client, server := interceptors.UnaryClientInterceptor(rules), interceptors.UnaryServerInterceptor(rules)
		info := &grpc.UnaryServerInfo{FullMethod: rpctest.Unary}
		for side, call := range map[string]func(){
			"client": func() { _ = client(ctx, rpctest.Unary, nil, nil, nil, invoker) },
			"server": func() { _, _ = server(ctx, nil, info, handler) },
		} {
			call()
			if got := testing.AllocsPerRun(1000, call); got > 0 && !raceEnabled {
				t.Errorf("%s, %s: %v allocations; want none", name, side, got)
			}
		}
	}
}
