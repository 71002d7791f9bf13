package fanout_test

import "testing"

// A plan costs one allocation for each source and eight for all: the run, its
// tasks, a timer, a channel, a function. The goroutines share it.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	for _, n := range []int{3, 10, 100} {
		p, values := instant(t, n), make([]string, n)
		got := testing.AllocsPerRun(200, func() {
			if _, err := p.Gather(t.Context(), 1, values); err != nil {
				t.Error(err)
			}
		})
		if want := float64(n + 8); got > want && !raceEnabled {
			t.Errorf("%d sources: %v allocations; want %v", n, got, want)
		}
	}
}
