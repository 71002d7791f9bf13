package ratelimit_test

import (
	"context"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

// Admitting and refusing allocate nothing.
func TestAllocs(t *testing.T) { //nolint:paralleltest // it measures allocations
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	deadlined, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	near, stopNear := context.WithTimeout(t.Context(), time.Minute)
	defer stopNear()
	plenty := ratelimit.Config{PerSecond: 1e9, Burst: 1e9, MaxWait: time.Hour}
	slow := ratelimit.Config{PerSecond: 1.0 / 3600, Burst: 1}
	slowWait := ratelimit.Config{PerSecond: 1.0 / 3000, Burst: 1, MaxWait: time.Hour}
	slowShort := ratelimit.Config{PerSecond: 1.0 / 3600, Burst: 1, MaxWait: time.Minute}
	for _, tt := range []struct {
		name string
		cfg  ratelimit.Config
		ctx  context.Context
		want error
	}{
		{"admitted", plenty, t.Context(), nil},
		{"admitted with a deadline", plenty, deadlined, nil},
		{"refused", slow, t.Context(), ratelimit.ErrLimited},
		{"refused for MaxWait", slowShort, deadlined, ratelimit.ErrLimited},
		{"refused for the deadline", slowWait, near, ratelimit.ErrDeadline},
		{"refused when cancelled", plenty, cancelled, ratelimit.ErrCancelled},
	} {
		l := newLimiter(t, tt.cfg)
		if tt.want != nil && tt.cfg != plenty {
			take(t, l)
		}
		chain := rpctest.ChainOf(t, l)
		allocs := testing.AllocsPerRun(100, func() {
			a := policy.Begin()
			defer a.End()
			a.Call = call()
			_, err := chain.Admit(tt.ctx, a)
			if tt.want != nil || err != nil {
				wantError(t, err, tt.want)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations; want none", tt.name, allocs)
		}
	}
}
