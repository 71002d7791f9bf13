package peers

import (
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// maxMethods is how many methods are guarded apart, more than any benchmark has.
const maxMethods = 20_000

// Afloat is this project's interceptor.
func Afloat(cfg Config) (grpc.UnaryClientInterceptor, error) {
	rules, err := Rules(cfg)
	if err != nil {
		return nil, err
	}
	return interceptors.UnaryClientInterceptor(rules), nil
}

// Rules are afloat's, for unary calls and streams.
func Rules(cfg Config, opts ...rules.Option) (*rules.Rules, error) {
	circuit := breaker.Config{ConsecutiveFailures: cfg.Failures, FailureRatio: breaker.Off, OpenFor: cfg.OpenFor}
	if cfg.Failures == 0 {
		circuit.ConsecutiveFailures, circuit.FailureRatio, circuit.MinCalls = breaker.Off, 1, manyCalls
	}
	return rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
		breaker.Each(circuit),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: cfg.Places}),
	}}}, append(opts, rules.WithMaxKeys(maxMethods))...)
}
