package breaker_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A configuration is refused with the names of its fields, or it works.
func FuzzConfig(f *testing.F) {
	f.Add(uint8(0), int64(10*time.Second), 10, 0, 0.5, 20, 10, int64(0), 0.5, int64(5*time.Second), int64(time.Minute), 1, 3, int64(10*time.Second))
	f.Add(uint8(3), int64(1), -1, 7, math.NaN(), -1, -1, int64(-1), 2.0, int64(math.MaxInt64), int64(math.MinInt64), 0, math.MaxInt, int64(1))
	f.Fuzz(func(
		t *testing.T, mode uint8, win int64, buckets, winCalls int, ratio float64, minCalls, run int,
		slow int64, slowRatio float64, openFor, maxOpen int64, probes, successes int, probeTimeout int64,
	) {
		cfg := breaker.Config{
			Mode: breaker.Mode(mode), Window: time.Duration(win), Buckets: buckets, WindowCalls: winCalls,
			FailureRatio: ratio, MinCalls: minCalls, ConsecutiveFailures: run,
			SlowAfter: time.Duration(slow), SlowRatio: slowRatio, OpenFor: time.Duration(openFor), MaxOpenFor: time.Duration(maxOpen),
			Probes: probes, SuccessesToClose: successes, ProbeTimeout: time.Duration(probeTimeout),
		}
		b, err := breaker.New(cfg)
		if err != nil {
			if b != nil || !strings.HasPrefix(err.Error(), "breaker: ") {
				t.Errorf("%+v: %v, %v", cfg, b, err)
			}
			return
		}
		for i := range 30 {
			if c, err := try(t, policy.Call{}, b); err == nil {
				c.end([]error{nil, errDown}[i%2])
			}
		}
		if s := b.Snapshot(); s.Calls < 0 || s.Failures < 0 || s.Failures > s.Calls || s.ProbesInFlight < 0 {
			t.Errorf("%+v: %+v", cfg, s)
		}
		if err := b.Update(cfg); err != nil {
			t.Errorf("%+v: New took it, Update does not: %v", cfg, err)
		}
	})
}
