package interop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// rig is a connection to a server of the suite, and what new ones are made of.
type rig struct {
	address string
	opts    []grpc.DialOption
	conn    *grpc.ClientConn
}

func (r *rig) dial(opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient(r.address, slices.Concat(r.opts, opts, []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())})...)
}

// stub returns a case that needs no more than a stub.
func stub(do func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) func(*rig) {
	return func(r *rig) { do(context.Background(), testgrpc.NewTestServiceClient(r.conn)) }
}

// cases returns the suite, by the names that it has there.
func cases() map[string]func(*rig) {
	all := mix()
	all["unimplemented_method"] = func(r *rig) { interop.DoUnimplementedMethod(context.Background(), r.conn) }
	all["unimplemented_service"] = func(r *rig) {
		interop.DoUnimplementedService(context.Background(), testgrpc.NewUnimplementedServiceClient(r.conn))
	}
	all["orca_per_rpc"] = func(r *rig) { // the suite's own balancer reads the report
		conn, err := r.dial(grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}`))
		if err != nil {
			grpclog.Fatal(err)
		}
		defer conn.Close()
		interop.DoORCAPerRPCTest(context.Background(), testgrpc.NewTestServiceClient(conn))
	}
	all["rpc_soak"] = func(r *rig) {
		soak(r, func() (*grpc.ClientConn, func()) { return r.conn, func() {} })
	}
	all["channel_soak"] = func(r *rig) {
		soak(r, func() (*grpc.ClientConn, func()) {
			conn, err := r.dial()
			if err != nil {
				grpclog.Fatal(err)
			}
			return conn, func() { _ = conn.Close() }
		})
	}
	return all
}

// mix returns the cases that the suite's stress client draws from.
func mix() map[string]func(*rig) {
	return map[string]func(*rig){
		"empty_unary":                 stub(interop.DoEmptyUnaryCall),
		"large_unary":                 stub(interop.DoLargeUnaryCall),
		"client_streaming":            stub(interop.DoClientStreaming),
		"server_streaming":            stub(interop.DoServerStreaming),
		"ping_pong":                   stub(interop.DoPingPong),
		"empty_stream":                stub(interop.DoEmptyStream),
		"timeout_on_sleeping_server":  stub(interop.DoTimeoutOnSleepingServer),
		"cancel_after_begin":          stub(interop.DoCancelAfterBegin),
		"cancel_after_first_response": stub(interop.DoCancelAfterFirstResponse),
		"status_code_and_message":     stub(interop.DoStatusCodeAndMessage),
		"special_status_message":      stub(interop.DoSpecialStatusMessage),
		"custom_metadata":             stub(interop.DoCustomMetadata),
	}
}

// soak repeats a large call as the suite does by default, in less time.
func soak(r *rig, channel func() (*grpc.ClientConn, func())) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	interop.DoSoakTest(ctx, interop.SoakTestConfig{
		RequestSize: 271828, ResponseSize: 314159, PerIterationMaxAcceptableLatency: 10 * time.Second,
		OverallTimeout: time.Minute, ServerAddr: r.address, NumWorkers: 2, Iterations: 10, ChannelForTest: channel,
	})
}

// fatal is what a case of the suite has to say when it ends the process.
type fatal string

// verdict ends a case where the suite would end the process.
type verdict struct{ grpclog.LoggerV2 }

func (verdict) Fatal(args ...any)                 { panic(fatal(fmt.Sprint(args...))) }
func (verdict) Fatalln(args ...any)               { panic(fatal(fmt.Sprint(args...))) }
func (verdict) Fatalf(format string, args ...any) { panic(fatal(fmt.Sprintf(format, args...))) }
func (verdict) FatalDepth(_ int, args ...any)     { panic(fatal(fmt.Sprint(args...))) }
func (verdict) InfoDepth(int, ...any)             {}
func (verdict) WarningDepth(int, ...any)          {}
func (verdict) ErrorDepth(int, ...any)            {}

// try runs a case and returns what the suite has against it.
func try(r *rig, do func(*rig)) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case fatal:
			err = errors.New(string(p))
		default:
			panic(p)
		}
	}()
	do(r)
	return nil
}

func TestMain(m *testing.M) {
	grpclog.SetLoggerV2(verdict{grpclog.NewLoggerV2(discard{}, discard{}, discard{})})
	m.Run()
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
