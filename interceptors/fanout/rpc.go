package fanout

import (
	"context"

	"google.golang.org/grpc"
)

// RPC makes a source of a method of a generated client:
//
//	fanout.Optional("user", fanout.RPC(users.GetUser, userRequest), (*pb.Dashboard).SetUser)
//
// toRequest makes the call's request from the plan's, to which it must not
// write. The options go with every call.
func RPC[Req, In, Out any](
	call func(ctx context.Context, in In, opts ...grpc.CallOption) (Out, error), toRequest func(Req) In, opts ...grpc.CallOption,
) func(ctx context.Context, req Req) (Out, error) {
	if call == nil || toRequest == nil {
		return nil // NewPlan says so
	}
	return func(ctx context.Context, req Req) (Out, error) {
		return call(ctx, toRequest(req), opts...)
	}
}
