// Gobreaker is a client under an interceptor by hand, of gobreaker and a
// semaphore.
package main

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/size/client"
)

func main() {
	circuit := gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{})
	places := semaphore.NewWeighted(1024)
	client.Main(grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		_, err := circuit.Execute(func() (struct{}, error) {
			if !places.TryAcquire(1) {
				return struct{}{}, errors.New("full")
			}
			defer places.Release(1)
			return struct{}{}, invoker(ctx, method, req, reply, cc, opts...)
		})
		return err
	}))
}
