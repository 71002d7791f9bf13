package capacity

import (
	"flag"
	"fmt"
	"slices"
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

// bounds are what a run must reach, as shares: of what could be answered, in all and in the
// last seven seconds, and of the critical calls. Of steady loads, each of the last seconds is
// looked at, so that none of them hides swings.
type bounds struct{ good, late, second, critical, lateCritical float64 }

// boundsOf returns those of a service under a load.
func boundsOf(s Service, shape Shape) bounds {
	b := bounds{good: 0.94, late: 0.92, second: 0.75, critical: 0.98, lateCritical: 0.994}
	if s.computes { // refusing costs what critical calls need
		b.lateCritical = 0.98
	}
	if s.PerSecond < 200 { // few calls tell of what there is
		b = bounds{good: 0.93, late: 0.9, second: 0.7, critical: 0.9, lateCritical: 0.93}
	}
	if shape.Percent != nil { // what has begun takes twice as long at once
		b.critical = min(b.critical, 0.96)
	}
	if !shape.Steady {
		b.second = 0
	}
	return b
}

// The controller answers nearly as much as can be answered, without swings, and nearly every
// critical call from the first second on, whatever the bottleneck and the load, also where
// four fifths of the capacity are theirs.
func TestOverload(t *testing.T) {
	t.Parallel()
	each(t, Shapes(), func(t *testing.T, s Service, shape Shape) {
		t.Helper()
		if s.PerSecond < 200 && shape.Burst > 0 {
			return // 50 calls are half a second of work, which is more than callers wait
		}
		r, b := run(t, s, shape, 1), boundsOf(s, shape)
		n := len(r.Seconds) - 1
		all, late := r.Sum(0, n), r.Sum(n-7, n)
		check := func(what string, got, least float64) {
			t.Helper()
			if got < least {
				t.Errorf("%s: %.4f; want %v at least\n%s", what, got, least, r)
			}
		}
		check("good answers of what could be answered", float64(all.Good)/expected(r, 0, n), b.good)
		check("in the last seven seconds", float64(late.Good)/expected(r, n-7, n), b.late)
		check("critical calls answered", all.criticalShare(), b.critical)
		check("in the last seven seconds", late.criticalShare(), b.lateCritical)
		for i := n - 7; i < n; i++ {
			check(fmt.Sprintf("in second %d", i), float64(r.Seconds[i].Good)/expected(r, i, i+1), b.second)
		}
	})
}

// Soon after a step from 0.8 to 1.4 times the capacity, the answers that there are come nearly
// as fast as before it: in the second second p99 is under five times what it was, in the
// third under twice.
func TestStepIsBorne(t *testing.T) {
	t.Parallel()
	shape := Shape{Name: "step 0.8 to 1.4", Length: stepAt + 3*time.Second, Load: step(0.8, 1.4, stepAt)}
	each(t, []Shape{shape}, func(t *testing.T, s Service, shape Shape) {
		t.Helper()
		if s.PerSecond < 200 {
			return // a second is too short to tell
		}
		r := run(t, s, shape, 1)
		at := int(stepAt / time.Second)
		before := r.Sum(3, at)
		healthy := before.Quantile(0.99)
		if second, third := r.Seconds[at+1].Quantile(0.99), r.Seconds[at+2].Quantile(0.99); second > 5*healthy || third > 2*healthy {
			t.Errorf("p99 was %v, and %v and %v after the step\n%s", healthy, second, third, r)
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

// Clients that have no number either find out what a server with a fixed capacity bears, and
// get equal shares of it; where the server has a controller of its own, the two do not fight.
func TestClients(t *testing.T) {
	t.Parallel()
	shape := Shape{Name: "step 0.5 to 2", Length: 40 * time.Second, Load: step(0.5, 2, 5*time.Second)}
	for name, guard := range map[string]Guard{"no control": Nothing, "control": Controlled} {
		for _, n := range []int{1, 20} {
			t.Run(fmt.Sprintf("%d, %s at the server", n, name), func(t *testing.T) {
				t.Parallel()
				each(t, []Shape{shape}, func(t *testing.T, s Service, shape Shape) {
					t.Helper()
					if s.PerSecond < 1000 {
						return // too few calls for each client to tell shares from chance
					}
					r, err := RunClients(s, shape, guard, n, 1)
					if err != nil {
						t.Fatal(err)
					}
					if late, want := r.Sum(10, 40), expected(r, 10, 40); float64(late.Good) < 0.95*want {
						t.Errorf("%d good answers; want 95 %% of %.0f\n%s", late.Good, want, r)
					}
					sum := 0
					for _, good := range r.OfClient {
						sum += good
					}
					apart := 0.2
					if s.varied || s.computes { // what a client sees in its few calls is chance
						apart = 0.4
					}
					least, most := slices.Min(r.OfClient), slices.Max(r.OfClient)
					if mean := float64(sum) / float64(n); float64(least) < (1-apart)*mean || float64(most) > (1+apart)*mean {
						t.Errorf("clients got from %d to %d answers; want within %v of %.0f: %v", least, most, apart, mean, r.OfClient)
					}
				})
			})
		}
	}
}
