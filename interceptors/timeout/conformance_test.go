package timeout_test

import (
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

func TestConformance(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	for name, d := range map[string]time.Duration{ //nolint:paralleltest // as above
		"sooner than callers": 10 * time.Millisecond,
		"later than callers":  time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			policytest.Run(t, func(tb testing.TB) policy.Policy {
				tb.Helper()
				return newTimeout(tb, timeout.Config{Default: d, Max: d, FirstMessage: d, Idle: d, Total: 2 * d})
			})
		})
	}
}
