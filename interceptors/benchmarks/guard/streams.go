package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// messages is how many a stream has, where the cost of a message is measured.
const messages = 1000

// streams measures the adapter of streams, with a streamer that has no network.
// No peer has one.
func streams(out io.Writer, e effort, _ *promises) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\na stream: ns (allocations)\tafloat\tpass-through\t")
	for _, n := range []int{0, messages} {
		samples, err := streamSamples(n)
		if err != nil {
			return err
		}
		e.measure(samples...)
		name, per := "opened and ended", 1.0
		if n > 0 {
			name, per = "each of its messages", messages
		}
		fmt.Fprintf(table, "%s\t%.0f (%.2f)\t%.0f (%.2f)\t\n",
			name, samples[0].Wall()/per, samples[0].Allocs()/per, samples[1].Wall()/per, samples[1].Allocs()/per)
	}
	return table.Flush()
}

// streamSamples are streams of n messages, guarded and bare.
func streamSamples(n int) ([]*measure.Sample, error) {
	rules, err := peers.Rules(peers.Config{Places: 100, OpenFor: time.Hour})
	if err != nil {
		return nil, err
	}
	cc, err := grpc.NewClient("passthrough:///guard", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	bare := func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return streamer(ctx, desc, cc, method, opts...)
	}
	guard := interceptors.StreamClientInterceptor(rules)
	return []*measure.Sample{streamSample(guard, cc, n), streamSample(bare, cc, n)}, nil
}

// streamSample opens a stream and reads its n messages and its end.
func streamSample(guard grpc.StreamClientInterceptor, cc *grpc.ClientConn, n int) *measure.Sample {
	ctx := newRequest()
	desc := &grpc.StreamDesc{ServerStreams: true}
	streamer := func(
		context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption,
	) (grpc.ClientStream, error) { //nolint:unparam // gRPC's own signature
		return &short{left: n}, nil
	}
	opts := []grpc.CallOption{grpc.StaticMethod()}
	return &measure.Sample{Goroutines: 1, Call: func(int) {
		s, err := guard(ctx, desc, cc, "/bench.Service/Watch", streamer, opts...)
		for err == nil {
			err = s.RecvMsg(nil) // io.EOF in the end
		}
	}}
}

// short is a stream of a few messages.
type short struct {
	grpc.ClientStream

	left int
}

func (s *short) RecvMsg(any) error {
	if s.left == 0 {
		return io.EOF
	}
	s.left--
	return nil
}
