package interceptors

import (
	"context"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// UnaryServerInterceptor guards each unary call that the server answers with
// the policies that r finds for it. [ServerOptions] installs it together with
// its stream counterpart.
func UnaryServerInterceptor(r policy.Resolver) grpc.UnaryServerInterceptor {
	r = checked(r)
	return func(caller context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		a := policy.Begin()
		defer a.End()
		describe(&a.Call, caller, info.FullMethod, policy.Server, policy.Unary)
		chain := r.Resolve(&a.Call)
		if chain == nil {
			resp, err := handler(caller, req)
			return resp, pushBack(caller, err)
		}
		ctx, err := chain.Admit(caller, a)
		if err != nil {
			return nil, pushBack(caller, err)
		}
		resp, err := handler(ctx, req)
		a.Settle(err)
		return resp, pushBack(caller, err)
	}
}

// StreamServerInterceptor guards each stream that the server answers with the
// policies that r finds for it. [ServerOptions] installs it together with its
// unary counterpart.
func StreamServerInterceptor(r policy.Resolver) grpc.StreamServerInterceptor {
	r = checked(r)
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx := ss.Context()
		s := &stream{caller: ctx}
		shape := policy.ShapeOf(info.IsClientStream, info.IsServerStream)
		describe(&s.admission.Call, ctx, info.FullMethod, policy.Server, shape)
		// gRPC hands a nil srv to the handler of unknown services.
		s.admission.Call.Unregistered = srv == nil
		chain := r.Resolve(&s.admission.Call)
		if chain == nil {
			return pushBackStream(ss, handler(srv, ss))
		}
		defer s.abandon()
		ctx, err := chain.Admit(ctx, &s.admission)
		if err != nil {
			return pushBackStream(ss, err)
		}
		s.ctx = ctx
		guarded := &serverStream{ServerStream: ss, stream: s}
		err = handler(srv, guarded)
		if aborted := guarded.aborted(); aborted != nil {
			err = aborted
		}
		err = s.errOf(err)
		s.finish(policy.Outcome{Err: err})
		return pushBackStream(ss, err)
	}
}
