package migration

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafegrpc"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/timeout"
	"google.golang.org/grpc"

	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func withFailsafe() grpc.DialOption {
	circuit := circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(0.5, 20, 10*time.Second).
		WithDelay(5 * time.Second).
		WithJitterFactor(0.2).
		WithSuccessThreshold(3).
		HandleIf(func(_ any, err error) bool { return isFailure(err) && !errors.Is(err, bulkhead.ErrFull) }).
		Build()
	places := bulkhead.NewBuilder[any](10).WithMaxWaitTime(100 * time.Millisecond).Build()
	return grpc.WithChainUnaryInterceptor(
		failsafegrpc.NewUnaryClientInterceptor(circuit, places, timeout.New[any](time.Second)))
}

// profileWithFailsafe stands around the call, because the interceptor would drop
// the response of the fallback.
func profileWithFailsafe(ctx context.Context, client pb.TierServiceClient, id string) (*pb.GetProfileResponse, error) {
	anonymous := fallback.NewBuilderWithResult(&pb.GetProfileResponse{Name: "anonymous"}).
		HandleIf(func(_ *pb.GetProfileResponse, err error) bool { return isFailure(err) }).
		Build()
	return failsafe.With(anonymous).WithContext(ctx).Get(func() (*pb.GetProfileResponse, error) {
		return client.GetProfile(ctx, &pb.GetProfileRequest{Id: id})
	})
}
