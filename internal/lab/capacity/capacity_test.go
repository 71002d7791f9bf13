package capacity

import (
	"fmt"
	"testing"
	"time"
)

// expected is what share of what came in a run could have been answered: all that was
// within the capacity, less what meeting the guard costs a processor.
func expected(r *Result, from, to int) float64 {
	sum := 0.0
	for i := from; i < to && i < len(r.Seconds)-1; i++ {
		capacity := float64(r.Service.PerSecond)
		if r.Shape.Percent != nil {
			capacity *= float64(r.Shape.Percent(time.Duration(i)*time.Second)) / 100
		}
		came := float64(r.Seconds[i].Came)
		if r.Service.computes {
			capacity = (1 - came*meets.Seconds()) * capacity
		}
		sum += min(came, capacity)
	}
	return sum
}

// The controller answers nearly as much as can be answered, and nearly every critical call
// from the first second on, whatever the bottleneck and the load; without it nearly
// nothing is answered where the load stays above the capacity.
func TestOverload(t *testing.T) {
	t.Parallel()
	for _, s := range Services() {
		for _, shape := range Shapes() {
			t.Run(fmt.Sprintf("%s/%s", s.Name, shape.Name), func(t *testing.T) {
				t.Parallel()
				r, err := Run(s, shape, Controlled, 1)
				if err != nil {
					t.Fatal(err)
				}
				n := len(r.Seconds)
				all, want := r.Sum(0, n), expected(r, 0, n)
				if float64(all.Good) < 0.9*want {
					t.Errorf("%d good answers; want 90 %% of %.0f\n%s", all.Good, want, r)
				}
				if late := r.Sum(n-8, n-1); float64(late.Good) < 0.92*expected(r, n-8, n-1) {
					t.Errorf("%d good answers in the last 7 seconds; want 92 %% of %.0f\n%s", late.Good, expected(r, n-8, n-1), r)
				}
				if late := r.Sum(n-8, n-1); float64(late.CriticalGood) < 0.99*float64(late.CriticalCame) {
					t.Errorf("%d of %d critical calls were answered in the last 7 seconds; want 99 %%\n%s", late.CriticalGood, late.CriticalCame, r)
				}
				least := 0.97 // a step takes a moment to be seen
				switch {
				case s.PerSecond < 200 && shape.Percent != nil: // few calls tell of it
					least = 0.9
				case s.PerSecond < 200:
					least = 0.95
				}
				if share := float64(all.CriticalGood) / float64(all.CriticalCame); share < least {
					t.Errorf("%.4f of the critical calls were answered; want %v\n%s", share, least, r)
				}
			})
		}
	}
}

// The test above can fail: without the controller the same services collapse.
func TestNothingCollapses(t *testing.T) {
	t.Parallel()
	for _, s := range Services() {
		r, err := Run(s, Shape{Name: "2", Length: 5 * time.Second, Load: constant(2)}, Nothing, 1)
		if err != nil {
			t.Fatal(err)
		}
		if sum := r.Sum(2, 5); float64(sum.Good) > 0.3*expected(r, 2, 5) {
			t.Errorf("%s: %d of %.0f good answers without a controller\n%s", s.Name, sum.Good, expected(r, 2, 5), r)
		}
	}
}

// Below 80 % of the capacity nobody is refused, whatever comes at once and however long
// nothing moves.
func TestCalm(t *testing.T) {
	t.Parallel()
	length := 2 * time.Minute
	for _, s := range Services() {
		for _, shape := range Calm(length) {
			if s.PerSecond < 200 && shape.Burst > 0 {
				continue // 50 calls are half a second of work, which is more than callers wait
			}
			t.Run(fmt.Sprintf("%s/%s", s.Name, shape.Name), func(t *testing.T) {
				t.Parallel()
				r, err := Run(s, shape, Controlled, 2)
				if err != nil {
					t.Fatal(err)
				}
				if sum := r.Sum(0, len(r.Seconds)); sum.Refused > 0 {
					t.Errorf("%d of %d calls were refused: %v", sum.Refused, sum.Came, r.Refused)
				}
			})
		}
	}
}

// An hour is enough for what is rare.
func TestAnHourOfCalm(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes 20 s")
	}
	for _, s := range Services() {
		if s.Name != "semaphore of 10" {
			continue
		}
		for _, shape := range Calm(time.Hour) {
			r, err := Run(s, shape, Controlled, 3)
			if err != nil {
				t.Fatal(err)
			}
			if sum := r.Sum(0, len(r.Seconds)); sum.Refused > 0 {
				t.Errorf("%s: %d of %d calls were refused: %v", shape.Name, sum.Refused, sum.Came, r.Refused)
			}
		}
	}
}
