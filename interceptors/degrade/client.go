package degrade

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/below"
)

// UnaryClientInterceptor reads the servers' reports of their responses, for
// [Capture], for [RequireComplete] and for the scope under which a call is
// made. Metadata keys that begin with "afloat-" are for one hop: those that a caller
// passes on are not sent. Else a call without any of these passes through untouched.
func UnaryClientInterceptor() grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		wants := wishesOf(ctx, opts)
		if wants.none() {
			return below.Note(ctx, invoker(wants.outgoing(ctx), method, req, reply, cc, opts...))
		}
		var header, trailer metadata.MD
		err := invoker(wants.outgoing(ctx), method, req, reply, cc,
			withOptions(opts, grpc.Header(&header), grpc.Trailer(&trailer))...)
		if err != nil {
			wants.answer(ctx, FromError(err), true)
			return below.Note(ctx, err)
		}
		r := reportOf(reply, header, trailer)
		refused := wants.required && !r.Complete()
		wants.answer(ctx, r, refused)
		if refused {
			return below.Note(ctx, r.Err())
		}
		return nil
	}
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
		wants.required = false
		s, err := streamer(wants.outgoing(ctx), desc, cc, method, opts...)
		if err != nil {
			return nil, below.Note(ctx, err)
		}
		if s = below.Stream(ctx, s); wants.none() {
			return s, nil
		}
		return &clientStream{ClientStream: s, ctx: ctx, wants: wants, single: !desc.ServerStreams}, nil
	}
}

// withOptions returns a copy of opts with more. Appending in place would write
// into a slice that gRPC shares between calls.
func withOptions(opts []grpc.CallOption, more ...grpc.CallOption) []grpc.CallOption {
	return append(append(make([]grpc.CallOption, 0, len(opts)+len(more)), opts...), more...)
}

// reportOf returns the server's report of a unary response, in the response or
// beside it.
func reportOf(reply any, header, trailer metadata.MD) Report {
	m, _ := reply.(proto.Message)
	if r := FromResponse(m); r.Known() {
		return r
	}
	return fromMetadata(header, trailer, descriptorOf(m))
}

// descriptorOf returns the type of a message, nil for a value that is not a message.
func descriptorOf(m proto.Message) protoreflect.MessageDescriptor {
	if m == nil {
		return nil
	}
	return m.ProtoReflect().Descriptor()
}
