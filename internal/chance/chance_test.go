package chance_test

import (
	"testing"

	"github.com/afloat-go/afloat/internal/chance"
)

// draw returns the first numbers of a source of that name.
func draw(name string) [4]uint64 {
	var s chance.Source
	s.Seed(name)
	return [4]uint64{s.Uint64(), s.Uint64(), s.Uint64(), s.Uint64()}
}

// One test, since what is fixed is fixed for the process.
func TestFix(t *testing.T) { //nolint:paralleltest // what it changes is the process's
	if first, again := draw("a"), draw("a"); first == again {
		t.Error("two sources of one name return the same although nothing is fixed")
	}
	chance.Fix(7)
	t.Cleanup(func() { chance.Fix(0) })
	a, b := draw("a"), draw("b")
	if a != draw("a") {
		t.Error("fixed: two sources of one name differ")
	}
	if a == b {
		t.Error("fixed: sources of two names are the same")
	}
	if chance.Fix(8); a == draw("a") {
		t.Error("another seed changes nothing")
	}
	if chance.Fix(0); a == draw("a") {
		t.Error("no longer fixed, and still the same")
	}
}

func TestFloat64IsEven(t *testing.T) { //nolint:paralleltest // needs sources that are seeded anew
	chance.Fix(1)
	t.Cleanup(func() { chance.Fix(0) })
	var s chance.Source
	s.Seed("even")
	var tenths [10]int
	for range 100_000 {
		tenths[int(s.Float64()*10)]++
	}
	for i, n := range tenths {
		if n < 9_500 || n > 10_500 {
			t.Errorf("%d of 100000 numbers are in [0.%d, 0.%d); want 10000 or so", n, i, i+1)
		}
	}
}
