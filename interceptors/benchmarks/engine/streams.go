package main

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// streams measures a client's stream that is opened and is at its end at once, without a
// network.
func streams(ctx context.Context, e measure.Effort, p *measure.Page) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	rules, err := peers.Rules(peers.Config{Places: 100, OpenFor: time.Hour})
	if err != nil {
		return err
	}
	guard := interceptors.StreamClientInterceptor(rules)
	desc, opts := &grpc.StreamDesc{ServerStreams: true}, []grpc.CallOption{grpc.StaticMethod()}
	const method = "/bench.Service/Watch"
	var ended grpc.ClientStream = stream{}
	streamer := func(
		context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption,
	) (grpc.ClientStream, error) { //nolint:unparam // gRPC's own signature
		return ended, nil
	}
	bare := func(int) {
		if s, err := streamer(ctx, desc, nil, method, opts...); err == nil {
			_ = s.RecvMsg(nil) // io.EOF
		}
	}
	guarded := func(int) {
		if s, err := guard(ctx, desc, nil, method, streamer, opts...); err == nil {
			_ = s.RecvMsg(nil) // io.EOF
		}
	}
	compare(e, p, "a client's stream, opened and ended, more than bare", measure.More(), &measure.Goal{Most: 500, Allocs: 4, Over: true}, bare, bare, guarded)
	return nil
}

// stream is at its end.
type stream struct{ grpc.ClientStream }

func (stream) RecvMsg(any) error { return io.EOF }
