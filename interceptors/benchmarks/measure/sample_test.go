package measure_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

var sink atomic.Pointer[[64]byte] // keeps what is allocated on the heap

func TestRunCountsAllocations(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	none := &measure.Sample{Call: func(int) {}, Goroutines: 1}
	two := &measure.Sample{Goroutines: 2, Call: func(int) {
		sink.Store(new([64]byte))
		sink.Store(new([64]byte))
	}}
	measure.Run([]*measure.Sample{none, two}, 3, time.Millisecond)
	if got := none.Allocs(); got > 0.1 {
		t.Errorf("a call that allocates nothing: %v allocations", got)
	}
	if got := two.Allocs(); got < 2 || got > 2.1 {
		t.Errorf("a call that allocates twice: %v allocations", got)
	}
	if none.Wall() <= 0 || two.Wall() <= none.Wall() {
		t.Errorf("%v ns and, with two allocations, %v ns", none.Wall(), two.Wall())
	}
	if got := two.Of(none); got <= 1 || none.Of(none) != 1 {
		t.Errorf("the slower sample takes %v of the other", got)
	}
}

func TestUnmeasuredIsZero(t *testing.T) {
	t.Parallel()
	var s measure.Sample
	if s.Of(&s) != 0 {
		t.Error("a sample that was never run has a share of itself")
	}
	if s.Wall() != 0 || s.CPU() != 0 || s.Allocs() != 0 {
		t.Error("something was measured of a sample that was never run")
	}
}
