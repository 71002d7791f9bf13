package fault_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

func TestConformance(t *testing.T) { //nolint:paralleltest // the suite measures allocations
	const delay = 10 * time.Millisecond
	for name, cfg := range map[string]fault.Config{ //nolint:paralleltest // as above
		"off":            {},
		"delays":         {Delay: delay, DelayShare: 1},
		"delays, capped": {Delay: delay, DelayShare: 1, MaxActive: 4},
		"after messages": {Delay: delay, DelayShare: 1, AfterMessages: 1},
		"far messages":   {Delay: delay, DelayShare: 1, Abort: codes.OK, AfterMessages: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			policytest.Run(t, func(tb testing.TB) policy.Policy {
				tb.Helper()
				return newFault(tb, cfg)
			})
		})
	}
}
