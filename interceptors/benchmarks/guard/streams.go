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

// streams measures the adapter of streams, with a streamer that has no network.
// No peer has one.
func streams(ctx context.Context, e measure.Effort, p *measure.Page) error {
	ctx, cancel := load{deadline: true}.caller(ctx)
	defer cancel()
	opened, err := streamSystems(func(guard grpc.StreamClientInterceptor) (*measure.Sample, error) { return openings(ctx, guard), nil })
	if err != nil {
		return err
	}
	opened[2].Goal = &measure.Goal{Allocs: 4, Over: true}
	p.Compare(e, "a stream, opened and ended, more than bare", measure.More(), opened)
	of, err := streamSystems(func(guard grpc.StreamClientInterceptor) (*measure.Sample, error) { return messages(ctx, guard) })
	if err != nil {
		return err
	}
	of[2].Goal = &measure.Goal{}
	p.Compare(e, "a message of a stream, more than bare", measure.More(), of)
	return nil
}

// streamSystems returns what is measured of streams: bare, bare again, guarded.
func streamSystems(sample func(grpc.StreamClientInterceptor) (*measure.Sample, error)) ([]measure.System, error) {
	rules, err := peers.Rules(peers.Config{Places: 100, OpenFor: time.Hour})
	if err != nil {
		return nil, err
	}
	bare := func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return streamer(ctx, desc, cc, method, opts...)
	}
	var all []measure.System
	for _, s := range []struct {
		name  string
		guard grpc.StreamClientInterceptor
	}{
		{peers.NameNone, bare}, {peers.NameNone, bare}, {peers.NameAfloat, interceptors.StreamClientInterceptor(rules)},
	} {
		made, err := sample(s.guard)
		if err != nil {
			return nil, err
		}
		all = append(all, measure.System{Name: s.name, Sample: made})
	}
	return all, nil
}

// openings opens a stream each time, which is at its end at once.
func openings(ctx context.Context, guard grpc.StreamClientInterceptor) *measure.Sample {
	open := opener(ctx, guard, false)
	return &measure.Sample{Goroutines: 1, Call: func(int) {
		if s, err := open(); err == nil {
			_ = s.RecvMsg(nil) // io.EOF
		}
	}}
}

// messages reads them from a stream that does not end.
func messages(ctx context.Context, guard grpc.StreamClientInterceptor) (*measure.Sample, error) {
	s, err := opener(ctx, guard, true)()
	return &measure.Sample{Goroutines: 1, Call: func(int) { _ = s.RecvMsg(nil) }}, err
}

// opener returns what opens a stream under the guard.
func opener(ctx context.Context, guard grpc.StreamClientInterceptor, endless bool) func() (grpc.ClientStream, error) {
	desc, opts := &grpc.StreamDesc{ServerStreams: true}, []grpc.CallOption{grpc.StaticMethod()}
	streamer := func(
		context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption,
	) (grpc.ClientStream, error) { //nolint:unparam // gRPC's own signature
		return &stream{endless: endless}, nil
	}
	return func() (grpc.ClientStream, error) {
		return guard(ctx, desc, nil, "/bench.Service/Watch", streamer, opts...)
	}
}

// stream has no messages, or no end of them.
type stream struct {
	grpc.ClientStream

	endless bool
}

func (s *stream) RecvMsg(any) error {
	if s.endless {
		return nil
	}
	return io.EOF
}
