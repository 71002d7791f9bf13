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

// Afloat returns this project's interceptor.
func Afloat(cfg Config) (grpc.UnaryClientInterceptor, error) {
	rules, err := Rules(cfg)
	if err != nil {
		return nil, err
	}
	return interceptors.UnaryClientInterceptor(rules), nil
}

// BuiltIn returns this project's interceptor by its built-in rule, whatever cfg says.
func BuiltIn(Config) (grpc.UnaryClientInterceptor, error) {
	rules, err := interceptors.Default(rules.WithMaxKeys(maxMethods))
	if err != nil {
		return nil, err
	}
	return interceptors.UnaryClientInterceptor(rules), nil
}

// Rules returns afloat's, for unary calls and streams.
func Rules(cfg Config, opts ...rules.Option) (*rules.Rules, error) {
	return rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
		breaker.Each(circuit(cfg)),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: cfg.Places}),
	}}}, append(opts, rules.WithMaxKeys(maxMethods))...)
}

func circuit(cfg Config) breaker.Config {
	c := breaker.Config{
		ConsecutiveFailures: cfg.Failures, FailureRatio: breaker.Off, OpenFor: cfg.OpenFor, SlowAfter: cfg.SlowAfter,
	}
	if cfg.Failures == 0 {
		c.ConsecutiveFailures, c.FailureRatio, c.MinCalls = breaker.Off, 1, manyCalls
	}
	return c
}
