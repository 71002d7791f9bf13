package timeout_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A configuration is refused with the names of its fields, or it works.
func FuzzConfig(f *testing.F) {
	f.Add(int64(time.Second), int64(time.Minute), int64(0), int64(0), int64(0))
	f.Add(int64(-1), int64(math.MaxInt64), int64(1), int64(math.MinInt64), int64(7))
	f.Fuzz(func(t *testing.T, def, most, first, idle, total int64) {
		cfg := timeout.Config{
			Default: time.Duration(def), Max: time.Duration(most),
			FirstMessage: time.Duration(first), Idle: time.Duration(idle), Total: time.Duration(total),
		}
		p, err := timeout.New(cfg)
		if err != nil {
			if p != nil || !strings.HasPrefix(err.Error(), "timeout: ") {
				t.Errorf("%+v: %v, %v", cfg, p, err)
			}
			return
		}
		for _, kind := range []policy.Shape{policy.Unary, policy.BidiStream} {
			permit, err := p.Acquire(t.Context(), &policy.Call{Method: "/a/b", Shape: kind})
			if err != nil {
				t.Errorf("%+v, %v: %v", cfg, kind, err)
			}
			if permit.Settler != nil {
				permit.Settler.Settle(permit.Token, &policy.Outcome{})
			}
		}
	})
}
