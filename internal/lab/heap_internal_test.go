package lab

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What comes out of the heap is in order, and what ends at the same time in the order in
// which it was sent.
func TestEndsComeInOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h ends
		var want, got []end
		for number := range uint64(random.IntN(60)) {
			e := end{at: time.Duration(random.IntN(20)), number: number}
			h.push(e)
			want = append(want, e)
		}
		slices.SortFunc(want, func(a, b end) int {
			if a.before(&b) {
				return -1
			}
			return 1
		})
		for h.next() != Never {
			got = append(got, h.pop())
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	}
}

func TestDistributions(t *testing.T) {
	t.Parallel()
	dice := NewDice(1)
	const n = 100_000
	var below, hits int
	var sum time.Duration
	for range n {
		d := dice.draw()
		if d.Around(time.Second) < time.Second {
			below++
		}
		if d.Hits(Percent(30)) {
			hits++
		}
		sum += dice.gap(time.Millisecond)
	}
	if below < n*49/100 || below > n*51/100 {
		t.Errorf("%d of %d are below the median", below, n)
	}
	if hits < n*29/100 || hits > n*31/100 {
		t.Errorf("%d of %d happen; want 30 %%", hits, n)
	}
	if mean := sum / n; mean < 980*time.Microsecond || mean > 1020*time.Microsecond {
		t.Errorf("gaps are %v on average; want 1ms", mean)
	}
}
