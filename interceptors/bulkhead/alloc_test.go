package bulkhead_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Admitting and refusing allocate nothing.
func TestAllocs(t *testing.T) { //nolint:paralleltest // it measures allocations
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	deadlined, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	unqueued := bulkhead.Config{MaxConcurrent: 1}
	tests := []struct {
		name string
		ctx  context.Context
		cfg  bulkhead.Config
		full bool
	}{
		{"admitted", t.Context(), unqueued, false},
		{"admitted with a queue", t.Context(), queued(1, 1), false},
		{"admitted with a deadline", deadlined, queued(1, 1), false},
		{"refused", t.Context(), unqueued, true},
		{"refused with a deadline", deadlined, unqueued, true},
		{"refused when cancelled", cancelled, unqueued, false},
	}
	for _, tt := range tests { //nolint:paralleltest // as above
		t.Run(tt.name, func(t *testing.T) {
			b := newBulkhead(t, tt.cfg)
			if tt.full {
				take(t, b)
			}
			wantNoAllocs(t, b, tt.ctx)
		})
	}
}

// Neither does refusing with a full queue, or for the deadline.
func TestAllocsWhileSomebodyWaits(t *testing.T) { //nolint:paralleltest // it measures allocations
	synctest.Test(t, func(t *testing.T) {
		b, _ := busy(t, queued(1, 2), times(8, time.Hour)...)
		near, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		wantNoAllocs(t, b, near)
		ask(t.Context(), b)
		ask(t.Context(), b)
		wantNoAllocs(t, b, t.Context())
	})
}

func wantNoAllocs(t *testing.T, b *bulkhead.Bulkhead, ctx context.Context) { //nolint:revive // t comes first
	t.Helper()
	chain := rpctest.ChainOf(t, b)
	allocs := testing.AllocsPerRun(100, func() {
		a := policy.Begin()
		defer a.End()
		a.Call = call()
		if _, err := chain.Admit(ctx, a); err == nil {
			a.Settle(nil)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations; want none", allocs)
	}
}
