package degrade

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// UnaryClientInterceptor reads the servers' reports of their responses, for
// [Capture], for [RequireComplete] and for the scope under which a call is
// made. A call without any of these passes through untouched.
func UnaryClientInterceptor() grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		asked := askedBy(ctx, opts)
		if asked.nothing() {
			return invoker(ctx, method, req, reply, cc, opts...)
		}
		var header, trailer metadata.MD
		err := invoker(asked.outgoing(ctx), method, req, reply, cc,
			withOptions(opts, grpc.Header(&header), grpc.Trailer(&trailer))...)
		if err != nil {
			asked.answer(ctx, FromError(err), true)
			return err
		}
		r := reportOf(reply, header, trailer)
		refused := asked.required && !r.Complete()
		asked.answer(ctx, r, refused)
		if refused {
			return r.Err()
		}
		return nil
	}
}

// withOptions returns a copy of opts with more. Appending in place would write
// into a slice that gRPC shares between calls.
func withOptions(opts []grpc.CallOption, more ...grpc.CallOption) []grpc.CallOption {
	return append(append(make([]grpc.CallOption, 0, len(opts)+len(more)), opts...), more...)
}

// reportOf is the server's report of a unary response, in the response or
// beside it.
func reportOf(reply any, header, trailer metadata.MD) Report {
	m, _ := reply.(proto.Message)
	if r := FromResponse(m); r.Known() {
		return r
	}
	return fromMetadata(header, trailer, descriptorOf(m))
}

// descriptorOf is nil for a value that is not a message.
func descriptorOf(m proto.Message) protoreflect.MessageDescriptor {
	if m == nil {
		return nil
	}
	return m.ProtoReflect().Descriptor()
}
