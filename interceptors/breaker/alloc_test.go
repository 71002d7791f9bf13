package breaker_test

import (
	"context"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Neither an admitted nor a refused call may allocate.
func TestNoAllocation(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	open := tripped(t, breaker.Config{OpenFor: time.Hour})
	for _, tt := range []struct {
		name string
		b    *breaker.Breaker
	}{
		{"by time", newBreaker(t, breaker.Config{})},
		{"by calls", newBreaker(t, breaker.Config{WindowCalls: 100})},
		{"with slow calls", newBreaker(t, breaker.Config{SlowAfter: time.Second})},
		{"refused", open},
	} {
		chain, err := policy.NewChain([]policy.Policy{tt.b})
		if err != nil {
			t.Fatal(err)
		}
		got := testing.AllocsPerRun(1000, func() {
			a := policy.Begin()
			defer a.End()
			a.Call = policy.Call{Method: method}
			if _, err := chain.Admit(context.Background(), a); err == nil {
				a.Settle(nil)
			}
		})
		if got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}
