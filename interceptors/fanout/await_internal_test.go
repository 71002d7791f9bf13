package fanout

import (
	"context"
	"testing"
)

// The bug: a select over the end of the time and one result after the other throws
// away results that are ready (hand-written gathers keep all in one run of four).
func TestNothingThatHasArrivedIsLost(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 500 {
		const ready = 3
		arrived := make(chan int, 4)
		for i := range ready {
			arrived <- i
		}
		taken := 0
		await(ctx, arrived, cap(arrived), func(int) bool { taken++; return true })
		if taken != ready {
			t.Fatalf("%d of %d results were taken", taken, ready)
		}
	}
}

func TestAwaitStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		arrived := make(chan int, 3)
		arrived <- 1
		arrived <- 2
		if over {
			cancel()
		}
		taken := 0
		await(ctx, arrived, cap(arrived), func(int) bool { taken++; return false })
		if taken != 1 {
			t.Errorf("over: %v: %d taken; want 1", over, taken)
		}
		cancel()
	}
}
