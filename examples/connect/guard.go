package connect

import (
	"context"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Guard returns an interceptor that makes a client's unary calls under a chain of policies,
// which should be those of one server. Its errors are connect-go's own, or refusals, in which
// errors.Is finds what the policy says of it, such as breaker.ErrOpen.
func Guard(chain *policy.Chain) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			return policy.DoChain(ctx, chain, req.Spec().Procedure, func(ctx context.Context) (connect.AnyResponse, error) {
				return next(ctx, req)
			})
		}
	}
}

// ReportOf returns what the server says of a response: which fields are degraded, and why.
func ReportOf[T any](resp *connect.Response[T]) degrade.Report {
	message, _ := resp.Any().(proto.Message)
	return degrade.FromReply(message, resp.Header(), resp.Trailer())
}
