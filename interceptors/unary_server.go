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
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		call := serverCall(ctx, info.FullMethod, policy.Unary)
		chain := r.Resolve(call)
		if chain == nil {
			return handler(ctx, req)
		}
		var a policy.Admission
		defer a.Abandon()
		ctx, err := chain.Admit(ctx, call, &a)
		if err != nil {
			return nil, err
		}
		resp, err := handler(ctx, req)
		a.Settle(policy.Outcome{Err: err})
		return resp, err
	}
}
