package degrade

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/internal/below"
)

// UnaryClientInterceptor reads the servers' reports of their responses, for
// [Capture], for [RequireComplete] and [Require], and for the scope under which a call is
// made. Metadata keys that begin with "afloat-" are for one hop: those that a caller
// passes on are not sent. Else a call without any of these passes through untouched.
func UnaryClientInterceptor() grpc.UnaryClientInterceptor { return UnaryClientInterceptorAround(nil) }

// UnaryClientInterceptorAround returns a [UnaryClientInterceptor] with another interceptor
// directly inside of it, which may be nil: none. A chain of both would cost each call an
// allocation.
func UnaryClientInterceptorAround(inside grpc.UnaryClientInterceptor) grpc.UnaryClientInterceptor {
	if inside == nil {
		inside = passOn
	}
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		wants := wishesOf(ctx, opts)
		if wants.none() {
			return below.Note(ctx, inside(wants.outgoing(ctx, false), method, req, reply, cc, invoker, opts...))
		}
		if err := wants.required.check(reply); err != nil {
			return err
		}
		var header, trailer metadata.MD
		err := inside(wants.outgoing(ctx, false), method, req, reply, cc, invoker,
			withOptions(wants.others(opts), grpc.Header(&header), grpc.Trailer(&trailer))...)
		if err != nil {
			return below.Note(ctx, wants.failed(err))
		}
		r := wants.reading().reply(reply, header, trailer)
		refusal := wants.required.unmet(r)
		wants.answered(r, refusal != nil)
		return below.Note(ctx, refusal)
	}
}

// passOn is an interceptor that does nothing.
func passOn(
	ctx context.Context, method string, req, reply any,
	cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	return invoker(ctx, method, req, reply, cc, opts...)
}

// StreamClientInterceptor does for streams what [UnaryClientInterceptor] does for
// unary calls. Whether a stream is complete is known once its end has been read.
// Nothing is known of a stream that was abandoned earlier.
func StreamClientInterceptor() grpc.StreamClientInterceptor {
	return func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		wants := wishesOf(ctx, opts)
		s, err := streamer(wants.outgoing(ctx, true), desc, cc, method, wants.others(opts)...)
		if err != nil {
			return nil, below.Note(ctx, wants.failed(err))
		}
		if s = below.Stream(ctx, s); wants.none() {
			return s, nil
		}
		return &clientStream{ClientStream: s, wants: wants, single: !desc.ServerStreams}, nil
	}
}

// withOptions returns a copy of opts with more. Appending in place would write
// into a slice that gRPC shares between calls.
func withOptions(opts []grpc.CallOption, more ...grpc.CallOption) []grpc.CallOption {
	return append(append(make([]grpc.CallOption, 0, len(opts)+len(more)), opts...), more...)
}
