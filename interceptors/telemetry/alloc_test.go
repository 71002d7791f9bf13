package telemetry_test

import (
	"context"
	"io"
	"testing"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// observers report to nowhere, and to an SDK.
func observers(t *testing.T) map[string]policy.Observer {
	t.Helper()
	nowhere, err := telemetry.New(
		telemetry.WithTracerProvider(tracenoop.NewTracerProvider()), telemetry.WithMeterProvider(metricnoop.NewMeterProvider()))
	if err != nil {
		t.Fatal(err)
	}
	unset, err := telemetry.New()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]policy.Observer{"no providers": nowhere, "global ones that nobody set": unset, "SDK": newBackend(t)}
}

// A call that is let through costs no allocation more, whatever is recorded of it:
// sets of attributes are made once.
func TestNoAllocationOfAdmittedCalls(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	handler := func(context.Context, any) (any, error) { return nil, nil }
	for name, observer := range observers(t) {
		list, err := interceptors.Default(rules.WithObserver(observer))
		if err != nil {
			t.Fatal(err)
		}
		client, server := interceptors.UnaryClientInterceptor(list), interceptors.UnaryServerInterceptor(list)
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

// Neither does a stream.
func TestNoAllocationMoreOfStreams(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	client, server := allocationsOfStreams(t, nil)
	for name, observer := range observers(t) {
		if c, s := allocationsOfStreams(t, observer); (c > client || s > server) && !raceEnabled {
			t.Errorf("%s: %v allocations on a client, %v on a server; want %v and %v, as without", name, c, s, client, server)
		}
	}
}

// allocationsOfStreams are those of a stream that ends at once, on each side.
func allocationsOfStreams(t *testing.T, observer policy.Observer) (client, server float64) {
	t.Helper()
	list, err := interceptors.Default(rules.WithObserver(observer))
	if err != nil {
		t.Fatal(err)
	}
	open, answer := interceptors.StreamClientInterceptor(list), interceptors.StreamServerInterceptor(list)
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		return ended{}, nil
	}
	desc, info := rpctest.DescOf(rpctest.ServerStream), &grpc.StreamServerInfo{FullMethod: rpctest.ServerStream, IsServerStream: true}
	client = testing.AllocsPerRun(1000, func() {
		if s, err := open(t.Context(), desc, nil, rpctest.ServerStream, streamer); err == nil {
			_ = s.RecvMsg(nil)
		}
	})
	incoming := called{ctx: t.Context()}
	server = testing.AllocsPerRun(1000, func() {
		_ = answer(nil, incoming, info, func(any, grpc.ServerStream) error { return nil })
	})
	return client, server
}

// ended is a stream of which nothing comes.
type ended struct{ grpc.ClientStream }

func (ended) RecvMsg(any) error { return io.EOF }

// called is a stream of a server.
type called struct {
	grpc.ServerStream

	ctx context.Context
}

func (c called) Context() context.Context { return c.ctx }
