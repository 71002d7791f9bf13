package ratelimit_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

// A configuration is refused with the names of its fields, or it works.
func FuzzConfig(f *testing.F) {
	f.Add(10.0, 5, int64(0))
	f.Add(math.NaN(), -1, int64(-1))
	f.Add(1e300, math.MaxInt, int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, perSecond float64, burst int, wait int64) {
		cfg := ratelimit.Config{PerSecond: perSecond, Burst: burst, MaxWait: time.Duration(wait)}
		l, err := ratelimit.New(cfg)
		if err != nil {
			if l != nil || !strings.HasPrefix(err.Error(), "ratelimit: ") {
				t.Errorf("%+v: %v, %v", cfg, l, err)
			}
			return
		}
		if _, err := l.Acquire(t.Context(), &policy.Call{Method: "/a/b"}); err != nil {
			t.Errorf("%+v: the first call: %v", cfg, err)
		}
	})
}
