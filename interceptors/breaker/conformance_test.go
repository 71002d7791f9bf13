package breaker_test

import (
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

func TestConformanceByTime(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	conform(t, breaker.Config{MinCalls: 1_000_000, ConsecutiveFailures: breaker.Off})
}

func TestConformanceByCalls(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	conform(t, breaker.Config{WindowCalls: 10, FailureRatio: breaker.Off, ConsecutiveFailures: 1_000_000})
}

func TestConformanceBySlowness(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	conform(t, breaker.Config{SlowAfter: time.Second, MinCalls: 1_000_000, ConsecutiveFailures: breaker.Off})
}

// conform runs the suite on a breaker that does not open by itself.
func conform(t *testing.T, cfg breaker.Config) {
	t.Helper()
	policytest.Run(t,
		func(tb testing.TB) policy.Policy {
			tb.Helper()
			return newBreaker(tb, cfg)
		},
		policytest.WithRefusing(func(tb testing.TB) policy.Policy {
			tb.Helper()
			return tripped(tb, breaker.Config{})
		}),
	)
}

func TestConformanceForcedOpen(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	policytest.Run(t,
		func(tb testing.TB) policy.Policy {
			tb.Helper()
			return newBreaker(tb, breaker.Config{})
		},
		policytest.WithRefusing(func(tb testing.TB) policy.Policy {
			tb.Helper()
			return newBreaker(tb, breaker.Config{Mode: breaker.AlwaysOpen})
		}),
	)
}

// A half-open breaker with one probe is the tightest limit there is: whatever
// keeps a slot shows.
func TestConformanceHalfOpen(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	policytest.Run(t, func(tb testing.TB) policy.Policy {
		tb.Helper()
		return halfOpened(tb, breaker.Config{SuccessesToClose: 1000})
	})
}
