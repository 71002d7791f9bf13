package ratelimit_test

import (
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

func TestConformance(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	for name, cfg := range map[string]ratelimit.Config{ //nolint:paralleltest // as above
		"refusing":        {PerSecond: 10, Burst: 4},
		"waiting":         {PerSecond: 10, Burst: 4, MaxWait: 500 * time.Millisecond},
		"waiting for all": {PerSecond: 10, Burst: 1, MaxWait: time.Hour},
		"in shadow":       {PerSecond: 10, Burst: 4, Shadow: true},
	} {
		t.Run(name, func(t *testing.T) {
			policytest.Run(
				t,
				func(tb testing.TB) policy.Policy {
					tb.Helper()
					return newLimiter(tb, cfg)
				},
				policytest.WithRefusing(func(tb testing.TB) policy.Policy {
					tb.Helper()
					cfg := cfg
					cfg.PerSecond, cfg.Burst, cfg.MaxWait, cfg.Shadow = 0.001, 1, 0, false
					return emptied(tb, cfg)
				}),
			)
		})
	}
}
