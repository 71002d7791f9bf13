package pressure

import (
	"math"
	"runtime/debug"
	"testing"
)

// Memory counts as far as it has a limit: fully beyond it, and not at all far below.
func TestMemory(t *testing.T) { //nolint:paralleltest // it sets the limit of the process
	m := NewMeter(newGoScheduler())
	m.memory = true
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	for limit, want := range map[int64]float64{1: 1, 1 << 50: 0, math.MaxInt64: 0} {
		debug.SetMemoryLimit(limit)
		if got := m.memoryLevel(); got != want {
			t.Errorf("with a limit of %d the level is %v; want %v", limit, got, want)
		}
	}
}

// Go has the metric, and it grows.
func TestGoScheduler(t *testing.T) {
	t.Parallel()
	s := newGoScheduler()
	before, _ := s.Waits()
	for range 1000 {
		done := make(chan struct{})
		go close(done)
		<-done
	}
	if after, total := s.Waits(); after <= before || total <= 0 {
		t.Errorf("%d waits and then %d, of %v", before, after, total)
	}
}
