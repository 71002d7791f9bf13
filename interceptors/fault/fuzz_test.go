package fault_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A configuration is refused with the names of its fields, or it works.
func FuzzConfig(f *testing.F) {
	f.Add(int64(0), 0.0, uint32(14), 1.0, "down", 0, 0, false)
	f.Add(int64(-1), math.NaN(), uint32(99), -1.0, "\xff", -1, math.MaxInt, true)
	f.Fuzz(func(t *testing.T, delay int64, delayShare float64, abort uint32, abortShare float64, message string, after, active int, headers bool) {
		cfg := fault.Config{
			Delay: time.Duration(delay), DelayShare: delayShare, Abort: codes.Code(abort), AbortShare: abortShare,
			Message: message, AfterMessages: after, MaxActive: active, Headers: headers,
		}
		p, err := fault.New(cfg)
		if err != nil {
			if p != nil || !strings.HasPrefix(err.Error(), "fault: ") {
				t.Errorf("%+v: %v, %v", cfg, p, err)
			}
			return
		}
		over, cancel := context.WithCancel(t.Context())
		cancel() // it is not to wait
		if permit, err := p.Acquire(over, &policy.Call{Method: "/a/b"}); err == nil && permit.Settler != nil {
			permit.Settler.Settle(permit.Token, &policy.Outcome{})
		}
	})
}
