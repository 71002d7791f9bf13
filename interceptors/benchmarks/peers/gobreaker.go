package peers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errFull is the refusal of the semaphore.
var errFull = status.Error(codes.ResourceExhausted, "full")

// gobreakerMethod guards one method.
type gobreakerMethod struct {
	breaker *gobreaker.CircuitBreaker[struct{}]
	places  *semaphore.Weighted
}

// Gobreaker returns an interceptor around gobreaker and a semaphore, for each method
// one, found in a sync.Map. The semaphore's refusals are left out of gobreaker's
// counts, as afloat leaves out those of its bulkhead.
func Gobreaker(cfg Config) (grpc.UnaryClientInterceptor, error) {
	return gobreakerInterceptor(cfg, func(err error) bool { return errors.Is(err, errFull) }), nil
}

// GobreakerCounting returns what Gobreaker does, without a word about the semaphore: its
// refusals are failures to gobreaker, and open the circuit.
func GobreakerCounting(cfg Config) (grpc.UnaryClientInterceptor, error) {
	return gobreakerInterceptor(cfg, nil), nil
}

func gobreakerInterceptor(cfg Config, excluded func(error) bool) grpc.UnaryClientInterceptor {
	var methods sync.Map
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		found, ok := methods.Load(method)
		if !ok {
			found, _ = methods.LoadOrStore(method, newGobreakerMethod(cfg, excluded))
		}
		m := found.(*gobreakerMethod) //nolint:errcheck // nothing else is stored
		_, err := m.breaker.Execute(func() (struct{}, error) {
			if !m.places.TryAcquire(1) {
				return struct{}{}, errFull
			}
			defer m.places.Release(1)
			return struct{}{}, invoker(ctx, method, req, reply, cc, opts...)
		})
		return err
	}
}

func newGobreakerMethod(cfg Config, excluded func(error) bool) *gobreakerMethod {
	settings := gobreaker.Settings{
		Timeout:     cfg.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= cfg.Failures },
		IsExcluded:  excluded,
	}
	if cfg.Failures == 0 {
		settings.Interval, settings.BucketPeriod = 10*time.Second, time.Second
		settings.ReadyToTrip = func(c gobreaker.Counts) bool {
			return c.Requests >= manyCalls && c.TotalFailures == c.Requests
		}
	}
	return &gobreakerMethod{
		breaker: gobreaker.NewCircuitBreaker[struct{}](settings),
		places:  semaphore.NewWeighted(int64(cfg.Places)),
	}
}

// do calls a function in the place of a call.
func (m *gobreakerMethod) do(ctx context.Context, f func(context.Context) error) error {
	_, err := m.breaker.Execute(func() (struct{}, error) {
		if !m.places.TryAcquire(1) {
			return struct{}{}, errFull
		}
		defer m.places.Release(1)
		return struct{}{}, f(ctx)
	})
	return err
}
