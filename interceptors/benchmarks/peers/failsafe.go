package peers

import (
	"context"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafegrpc"
	"google.golang.org/grpc"
)

// Failsafe returns failsafe-go's own interceptor, for each method one, found in a
// sync.Map.
func Failsafe(cfg Config) (grpc.UnaryClientInterceptor, error) {
	var methods sync.Map
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		found, ok := methods.Load(method)
		if !ok {
			found, _ = methods.LoadOrStore(method, newFailsafeMethod(cfg))
		}
		guard := found.(grpc.UnaryClientInterceptor) //nolint:errcheck // nothing else is stored
		return guard(ctx, method, req, reply, cc, invoker, opts...)
	}, nil
}

func newFailsafeMethod(cfg Config) grpc.UnaryClientInterceptor {
	b := circuitbreaker.NewBuilder[any]().WithDelay(cfg.OpenFor)
	if cfg.Failures == 0 {
		b.WithFailureRateThreshold(1, manyCalls, 10*time.Second)
	} else {
		b.WithFailureThreshold(uint(cfg.Failures))
	}
	return failsafegrpc.NewUnaryClientInterceptor(b.Build(), bulkhead.New[any](uint(cfg.Places)))
}
