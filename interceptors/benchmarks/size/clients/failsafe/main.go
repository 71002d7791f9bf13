// Failsafe is a client under failsafe-go's interceptor: a timeout, a breaker and
// a bulkhead.
package main

import (
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafegrpc"
	"github.com/failsafe-go/failsafe-go/timeout"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/size/client"
)

func main() {
	client.Main(grpc.WithChainUnaryInterceptor(failsafegrpc.NewUnaryClientInterceptor(
		timeout.New[any](30*time.Second),
		circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 20, 10*time.Second).Build(),
		bulkhead.New[any](1024),
	)))
}
