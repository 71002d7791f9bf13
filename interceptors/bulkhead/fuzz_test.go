package bulkhead_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A configuration is refused with the names of its fields, or it works.
func FuzzConfig(f *testing.F) {
	f.Add(1, 0, int64(0))
	f.Add(-1, math.MaxInt, int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, places, queue int, wait int64) {
		cfg := bulkhead.Config{MaxConcurrent: places, MaxQueue: queue, MaxWait: time.Duration(wait)}
		b, err := bulkhead.New(cfg)
		if err != nil {
			if b != nil || !strings.HasPrefix(err.Error(), "bulkhead: ") {
				t.Errorf("%+v: %v, %v", cfg, b, err)
			}
			return
		}
		permit, err := b.Acquire(t.Context(), &policy.Call{Method: "/a/b"})
		if err != nil || b.Snapshot().InFlight != 1 {
			t.Fatalf("%+v: the first call: %v; %+v", cfg, err, b.Snapshot())
		}
		permit.Settler.Settle(permit.Token, &policy.Outcome{})
		if b.Snapshot().InFlight != 0 {
			t.Errorf("%+v: %+v after the only call", cfg, b.Snapshot())
		}
	})
}
