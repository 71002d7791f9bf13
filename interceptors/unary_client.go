package interceptors

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// UnaryClientInterceptor guards each unary call with the policies that r finds
// for it. [DialOptions] installs it together with its stream counterpart.
func UnaryClientInterceptor(r policy.Resolver) grpc.UnaryClientInterceptor {
	r = checked(r)
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		own := policy.OverridesOf(opts)
		call := clientCall(ctx, method, cc, policy.Unary)
		chain := clientChain(r, call, own)
		if chain == nil {
			return invoker(ctx, method, req, reply, cc, opts...)
		}
		var a policy.Admission
		defer a.Abandon()
		a.Classify(own.Classifier)
		ctx, err := chain.Admit(ctx, call, &a)
		if err != nil {
			return err
		}
		if a.Wants(policy.WantsPushback) {
			return invokeForPushback(ctx, method, req, reply, cc, invoker, opts, &a)
		}
		err = invoker(ctx, method, req, reply, cc, opts...)
		a.Settle(policy.Outcome{Err: err})
		return err
	}
}

// invokeForPushback makes the call and collects its trailers, which costs
// allocations.
func invokeForPushback(
	ctx context.Context, method string, req, reply any,
	cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts []grpc.CallOption, a *policy.Admission,
) error {
	var trailer metadata.MD
	err := invoker(ctx, method, req, reply, cc, withOption(opts, grpc.Trailer(&trailer))...)
	a.Settle(policy.Outcome{Err: err, Pushback: pushback(trailer)})
	return err
}

// withOption returns a copy of opts with one more. Appending in place would
// write into a slice that gRPC shares between calls.
func withOption(opts []grpc.CallOption, o grpc.CallOption) []grpc.CallOption {
	own := make([]grpc.CallOption, 0, len(opts)+1)
	return append(append(own, opts...), o)
}

// pushbackKey is how a server asks clients to wait before they retry.
// See gRFC A6.
const pushbackKey = "grpc-retry-pushback-ms"

// pushback reads the wait that a trailer asks for, zero if it asks for none. A
// negative or malformed value means "do not retry", which is no wait.
func pushback(trailer metadata.MD) time.Duration {
	values := trailer.Get(pushbackKey)
	if len(values) != 1 {
		return 0
	}
	ms, err := strconv.ParseInt(values[0], 10, 32)
	if err != nil || ms < 0 {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}
