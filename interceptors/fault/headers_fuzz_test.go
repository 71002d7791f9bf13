package fault_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// FuzzHeaders asks for faults with any metadata: a call gets no more than the
// configuration grants, and no code that is none.
func FuzzHeaders(f *testing.F) {
	for _, v := range []string{"", "0", "14", "16", "17", "-1", "4294967295", "4294967296", "1e3", " 5", "5\x00", "\xff"} {
		f.Add(v, v, v, v, true)
	}
	f.Add("10", "100", "14", "100", false)
	f.Fuzz(func(t *testing.T, delay, delayShare, abort, abortShare string, granted bool) {
		cfg := fault.Config{Headers: true, Delay: time.Millisecond}
		if granted {
			cfg.AbortShare = 1
		}
		p := newFault(t, cfg, fault.WithRand(func() float64 { return 0 }))
		md := metadata.Pairs(
			"x-envoy-fault-delay-request", delay, "x-envoy-fault-delay-request-percentage", delayShare,
			"x-envoy-fault-abort-grpc-request", abort, "x-envoy-fault-abort-request-percentage", abortShare)
		for _, side := range []policy.Side{policy.Server, policy.Client} {
			ctx := metadata.NewIncomingContext(context.Background(), md)
			if side == policy.Client {
				ctx = metadata.NewOutgoingContext(context.Background(), md)
			}
			call := unary()
			call.Side = side
			permit, err := p.Acquire(ctx, &call)
			if err != nil {
				if code := policy.Code(err); !granted || code == codes.OK || code > codes.Unauthenticated {
					t.Errorf("granted %v: error = %v", granted, err)
				}
				continue
			}
			if permit.Settler != nil {
				permit.Settler.Settle(permit.Token, &policy.Outcome{})
			}
			if s := p.Snapshot(); s.Active != 0 || s.Delayed != 0 {
				t.Errorf("no delay is granted: %+v", s)
			}
		}
	})
}
