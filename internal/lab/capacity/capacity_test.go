package capacity

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

// long is for runs of minutes: go test -timeout 30m ./internal/lab/capacity -long.
var long = flag.Bool("long", false, "make every run, and those of an hour of virtual time")

// each calls f for every service and shape, in a test of its own, or for some of them.
func each(t *testing.T, shapes []Shape, f func(t *testing.T, s Service, shape Shape)) {
	t.Helper()
	for i, s := range Services() {
		for j, shape := range shapes {
			if (i+j)%oneOf != 0 && !*long {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", s.Name, shape.Name), func(t *testing.T) { f(t, s, shape) })
		}
	}
}

// run lets the shape of load come to the service under control.
func run(t *testing.T, s Service, shape Shape, seed uint64) *Result {
	t.Helper()
	r, err := Run(s, shape, Controlled, seed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// expected returns how much of what came in a run could have been answered: all that was
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
	each(t, Shapes(), func(t *testing.T, s Service, shape Shape) {
		t.Helper()
		r := run(t, s, shape, 1)
		n := len(r.Seconds)
		all, want := r.Sum(0, n), expected(r, 0, n)
		if float64(all.Good) < 0.9*want {
			t.Errorf("%d good answers; want 90 %% of %.0f\n%s", all.Good, want, r)
		}
		late, want := r.Sum(n-8, n-1), expected(r, n-8, n-1)
		if float64(late.Good) < 0.92*want {
			t.Errorf("%d good answers in the last 7 seconds; want 92 %% of %.0f\n%s", late.Good, want, r)
		}
		if share := late.criticalShare(); share < 0.985 {
			t.Errorf("%.4f of the critical calls were answered in the last 7 seconds\n%s", share, r)
		}
		least := 0.97 // a step takes a moment to be seen
		switch {
		case s.PerSecond < 200 && shape.Percent != nil: // few calls tell of it
			least = 0.9
		case s.PerSecond < 200:
			least = 0.95
		}
		if share := all.criticalShare(); share < least {
			t.Errorf("%.4f of the critical calls were answered; want %v\n%s", share, least, r)
		}
	})
}

// The test above can fail: without the controller the same services collapse.
func TestNothingCollapses(t *testing.T) {
	t.Parallel()
	each(t, []Shape{{Name: "2", Length: 5 * time.Second, Load: constant(2)}}, func(t *testing.T, s Service, shape Shape) {
		t.Helper()
		r, err := Run(s, shape, Nothing, 1)
		if err != nil {
			t.Fatal(err)
		}
		if sum := r.Sum(2, 5); float64(sum.Good) > 0.3*expected(r, 2, 5) {
			t.Errorf("%d of %.0f good answers without a controller\n%s", sum.Good, expected(r, 2, 5), r)
		}
	})
}

// Below 80 % of the capacity nobody is refused, whatever comes at once and however long
// nothing moves.
func TestCalm(t *testing.T) {
	t.Parallel()
	length := 40 * time.Second
	if *long { // enough for what is rare
		length = time.Hour
	}
	each(t, Calm(length), func(t *testing.T, s Service, shape Shape) {
		t.Helper()
		if s.PerSecond < 200 && shape.Burst > 0 {
			return // 50 calls are half a second of work, which is more than callers wait
		}
		r := run(t, s, shape, 2)
		if sum := r.Sum(0, len(r.Seconds)); sum.Refused > 0 {
			t.Errorf("%d of %d calls were refused: %v", sum.Refused, sum.Came, r.Refused)
		}
	})
}
