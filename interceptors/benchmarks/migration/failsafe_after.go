package migration

import (
	"errors"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fallback"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

func withoutFailsafe(target string) ([]grpc.DialOption, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{
		Match: "*",
		Policies: []rules.Template{
			timeout.Each(timeout.Config{Max: time.Second}),
			breaker.Each(breaker.Config{
				FailureRatio: 0.5, MinCalls: 20, Window: 10 * time.Second,
				ConsecutiveFailures: breaker.Off,
				OpenFor:             5 * time.Second,
				Probes:              3, SuccessesToClose: 3, SlowStart: breaker.Off,
			}).Per(rules.PerTarget),
			bulkhead.Each(bulkhead.Config{
				MaxConcurrent: 10, MaxQueue: 100, MaxWait: 100 * time.Millisecond,
			}).Per(rules.PerTarget),
		},
	}})
	get := fallback.For[*pb.GetProfileRequest, *pb.GetProfileResponse](pb.TierService_GetProfile_FullMethodName)
	fallbacks, faults := fallback.NewMethods(target, get.Else(get.Static(&pb.GetProfileResponse{Name: "anonymous"})))
	if err := errors.Join(err, faults); err != nil {
		return nil, err
	}
	return interceptors.DialOptions(rules, interceptors.WithFallbacks(fallbacks)), nil
}
