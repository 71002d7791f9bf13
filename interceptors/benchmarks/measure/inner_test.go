package measure

import (
	"slices"
	"testing"
)

// Each round is compared with itself, so a machine that is busy for one round does not
// show: the medians alone would say 2 and 0.6.
func TestAFigureIsTheMedianOfTheRatiosOfTheRounds(t *testing.T) {
	t.Parallel()
	base := &Sample{wall: []float64{100, 1000, 10}, cpu: []float64{10, 100, 50}}
	s := &Sample{wall: []float64{50, 500, 200}, cpu: []float64{40, 200, 30}}
	if got := s.Of(base); got != 0.5 {
		t.Errorf("share = %v; want 0.5", got)
	}
	if got := s.CPUOf(base); got != 2 {
		t.Errorf("share of the CPU time = %v; want 2", got)
	}
	if got := s.More(base); got != -50 {
		t.Errorf("difference = %v; want -50", got)
	}
	if base.Of(base) != 1 || base.CPUOf(base) != 1 || base.More(base) != 0 {
		t.Errorf("of itself: %v, %v, %v; want 1, 1, 0", base.Of(base), base.CPUOf(base), base.More(base))
	}
}

// What does the same, with some noise.
func TestNoise(t *testing.T) {
	t.Parallel()
	base := &Sample{wall: []float64{100, 200, 400, 100}}
	again := &Sample{wall: []float64{101, 190, 404, 300}}
	if got := again.Of(base); got != 1.01 {
		t.Errorf("noise = %v; want 1.01", got)
	}
	if got := again.More(base); got != 2.5 { // 1, -10, 4, 200
		t.Errorf("noise = %v ns; want 2.5", got)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rounds []float64
		want   float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 100, 1, 2}, 3},
	} {
		if got := median(tt.rounds); got != tt.want {
			t.Errorf("median of %v = %v; want %v", tt.rounds, got, tt.want)
		}
	}
}

// Each round is a permutation, and they differ.
func TestRoundsAreInRandomOrder(t *testing.T) {
	t.Parallel()
	const n, rounds = 5, 50
	var turns []int
	inTurns(n, rounds, func(i int) { turns = append(turns, i) })
	if len(turns) != n*rounds {
		t.Fatalf("%d turns; want %d", len(turns), n*rounds)
	}
	orders := map[[n]int]bool{}
	for round := range slices.Chunk(turns, n) {
		orders[[n]int(round)] = true
		if sorted := slices.Sorted(slices.Values(round)); !slices.Equal(sorted, []int{0, 1, 2, 3, 4}) {
			t.Errorf("round %v; want each once", round)
		}
	}
	if len(orders) < 10 { // of 120
		t.Errorf("%d orders in %d rounds", len(orders), rounds)
	}
}
