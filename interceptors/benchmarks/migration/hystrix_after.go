package migration

import (
	"context"
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

func withoutHystrix(target string) ([]grpc.DialOption, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{
		Match: "/afloat.test.v1.TierService/*", // each method has its own, as commands have
		Policies: []rules.Template{
			timeout.Each(timeout.Config{Max: time.Second}),
			breaker.Each(breaker.Config{
				FailureRatio: 0.5, MinCalls: 20,
				ConsecutiveFailures: breaker.Off,
				OpenFor:             5 * time.Second,
				SlowStart:           breaker.Off,
			}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 10}),
		},
	}})
	get := fallback.For[*pb.GetProfileRequest, *pb.GetProfileResponse](pb.TierService_GetProfile_FullMethodName)
	fallbacks, faults := fallback.NewMethods(target, get.Else(get.Static(&pb.GetProfileResponse{Name: "anonymous"})))
	if err := errors.Join(err, faults); err != nil {
		return nil, err
	}
	return interceptors.DialOptions(rules, interceptors.WithFallbacks(fallbacks)), nil
}

// stockWithFallback reads a database, and answers "unknown" where it cannot.
func stockWithFallback(query func(ctx context.Context, sku string) (string, error)) (*fallback.Chain[string, string], error) {
	circuit, err := breaker.New(breaker.Config{FailureRatio: 0.5, ConsecutiveFailures: breaker.Off, SlowStart: breaker.Off})
	places, faults := bulkhead.New(bulkhead.Config{MaxConcurrent: 10})
	if err := errors.Join(err, faults); err != nil {
		return nil, err
	}
	return fallback.New("read stock",
		fallback.To("database", query).Guard(circuit, places).Timeout(time.Second),
		fallback.Default(func(string) string { return "unknown" }))
}
