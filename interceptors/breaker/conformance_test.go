package breaker_test

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

func TestConformance(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	for name, cfg := range map[string]breaker.Config{
		"by time":  {MinCalls: 1_000_000, ConsecutiveFailures: breaker.Off},
		"by calls": {WindowCalls: 10, MinCalls: 10, FailureRatio: breaker.Off, ConsecutiveFailures: 1_000_000},
		"slow":     {SlowAfter: 1e9, MinCalls: 1_000_000, ConsecutiveFailures: breaker.Off},
	} {
		t.Run(name, func(t *testing.T) {
			policytest.Run(t,
				func(tb testing.TB) policy.Policy { return newBreaker(tb, cfg) },
				policytest.Refusing(func(tb testing.TB) policy.Policy {
					cfg := cfg
					cfg.Mode = breaker.AlwaysOpen
					return newBreaker(tb, cfg)
				}),
				policytest.Refusing(func(tb testing.TB) policy.Policy { return tripped(tb, breaker.Config{}) }),
			)
		})
	}
}

// A half-open breaker with one probe is the tightest limit there is: whatever
// keeps a slot shows.
func TestConformanceHalfOpen(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	policytest.Run(t, func(tb testing.TB) policy.Policy {
		return halfOpened(tb, breaker.Config{SuccessesToClose: 1000})
	})
}
