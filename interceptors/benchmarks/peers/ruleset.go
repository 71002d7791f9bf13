package peers

import (
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Ruleset returns afloat's interceptor by rules that are data: one for each method, and
// all of them applied anew before the first call.
func Ruleset(cfg Config, methods []string) (grpc.UnaryClientInterceptor, error) {
	set, err := config.New(
		config.WithoutBuiltIn(), config.WithLogger(slog.New(slog.DiscardHandler)),
		config.WithPolicyOptions(rules.WithMaxKeys(maxMethods)),
	)
	if err != nil {
		return nil, err
	}
	rules, err := config.Compile(rulesMessage(cfg, methods))
	if err != nil {
		return nil, err
	}
	if err := set.Apply(rules); err != nil {
		return nil, err
	}
	return interceptors.UnaryClientInterceptor(set.Rules()), nil
}

// rulesMessage returns what Rules does, for each method apart.
func rulesMessage(cfg Config, methods []string) *policyv1.Rules {
	circuit := &policyv1.Breaker{
		ConsecutiveFailures: new(int32(cfg.Failures)), //nolint:gosec // a benchmark has few
		FailureRatio:        new(float64(breaker.Off)),
		OpenFor:             durationpb.New(cfg.OpenFor),
	}
	if cfg.Failures == 0 {
		circuit.ConsecutiveFailures, circuit.FailureRatio, circuit.MinCalls = new(int32(breaker.Off)), new(1.0), new(int32(manyCalls))
	}
	m := new(policyv1.Rules)
	for _, method := range methods {
		m.Rules = append(m.Rules, &policyv1.Rule{
			Match: method, Breaker: circuit,
			Bulkhead: &policyv1.Bulkhead{MaxConcurrent: int32(cfg.Places)}, //nolint:gosec // a benchmark has few
		})
	}
	return m
}
