package breaker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Neither an admitted nor a refused call may allocate.
func TestNoAllocation(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	open := tripped(t, breaker.Config{OpenFor: time.Hour})
	never := breaker.Config{ConsecutiveFailures: breaker.Off, FailureRatio: 1, MinCalls: 1_000_000}
	slow := never
	slow.SlowAfter = time.Second
	byHand := map[policy.Action]*breaker.Breaker{}
	for _, a := range []policy.Action{policy.ForceOpen, policy.ForceClosed, policy.Disable} {
		byHand[a] = tripped(t, breaker.Config{OpenFor: time.Hour})
		force(t, byHand[a], a)
	}
	methods := [2]string{method, "/a.B/Other"} // in turn, each with a chain of its own around the same breaker
	for _, tt := range []struct {
		name string
		b    *breaker.Breaker
		err  error
	}{
		{"by time", newBreaker(t, breaker.Config{}), nil},
		{"by calls", newBreaker(t, breaker.Config{WindowCalls: 100}), nil},
		{"with slow calls", newBreaker(t, breaker.Config{SlowAfter: time.Second}), nil},
		{"failing", newBreaker(t, never), errDown},
		{"failing plainly", newBreaker(t, never), errors.New("down")},
		{"failing, with slow calls", newBreaker(t, slow), errDown},
		{"shedding", newBreaker(t, breaker.Config{}), errShed},
		{"refused", open, nil},
		{"forced open by hand", byHand[policy.ForceOpen], nil},
		{"forced closed by hand", byHand[policy.ForceClosed], nil},
		{"disabled by hand", byHand[policy.Disable], nil},
	} {
		var chains [2]*policy.Chain
		for i := range chains {
			var err error
			if chains[i], err = policy.NewChain([]policy.Policy{tt.b}); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		got := testing.AllocsPerRun(1000, func() {
			a := policy.Begin()
			defer a.End()
			n++
			a.Call = policy.Call{Method: methods[n%2]}
			if _, err := chains[n%2].Admit(context.Background(), a); err == nil {
				a.Settle(tt.err)
			}
		})
		if got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}
