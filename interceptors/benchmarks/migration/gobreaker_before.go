package migration

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errFull = status.Error(codes.ResourceExhausted, "too many calls in flight")

func withGobreaker() grpc.DialOption {
	places := semaphore.NewWeighted(10)
	circuit := gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		MaxRequests:  3,
		Timeout:      5 * time.Second,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
		IsSuccessful: func(err error) bool { return !isFailure(err) }, // a switch over status codes
		IsExcluded:   func(err error) bool { return errors.Is(err, errFull) || status.Code(err) == codes.Canceled },
	})
	return grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		_, err := circuit.Execute(func() (any, error) {
			if !places.TryAcquire(1) {
				return nil, errFull
			}
			defer places.Release(1)
			return nil, invoker(ctx, method, req, reply, cc, opts...)
		})
		return err
	})
}

// gobreakerStock reads a database behind a gobreaker.
type gobreakerStock struct {
	circuit *gobreaker.CircuitBreaker[int]
	query   func(ctx context.Context, sku string) (int, error)
}

func (s *gobreakerStock) read(ctx context.Context, sku string) (int, error) {
	return s.circuit.Execute(func() (int, error) { return s.query(ctx, sku) })
}
