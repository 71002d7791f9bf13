package interceptors

import (
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// StreamServerInterceptor guards each stream that the server answers with the
// policies that r finds for it. [ServerOptions] installs it together with its
// unary counterpart.
func StreamServerInterceptor(r policy.Resolver) grpc.StreamServerInterceptor {
	r = checked(r)
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx := stream.Context()
		call := serverCall(ctx, info.FullMethod, policy.ShapeOf(info.IsClientStream, info.IsServerStream))
		// gRPC hands a nil srv to the handler of unknown services.
		call.Unregistered = srv == nil
		chain := r.Resolve(call)
		if chain == nil {
			return handler(srv, stream)
		}
		s := &streamCall{caller: ctx}
		defer s.abandon()
		ctx, err := chain.Admit(ctx, call, &s.admission)
		if err != nil {
			return err
		}
		s.ctx = ctx
		guarded := &serverStream{ServerStream: stream, call: s}
		err = handler(srv, guarded)
		if aborted := guarded.aborted(); aborted != nil {
			err = aborted
		}
		err = s.errOf(err)
		s.finish(policy.Outcome{Err: err})
		return err
	}
}
