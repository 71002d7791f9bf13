package rules_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// allocations returns how many f makes.
func allocations(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}

// wantLinear requires at most so many allocations for each of n, and for ten times as many
// no more than that.
func wantLinear(t *testing.T, what string, most float64, count func(n int) float64) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const n = 400
	count(n)
	few, many := count(n)/n, count(10*n)/(10*n)
	if few > most || many > most {
		t.Errorf("%s: %.1f allocations for each of %d, %.1f of %d; want %v at most", what, few, n, many, 10*n, most)
	}
	if many > 1.2*few+1 {
		t.Errorf("%s: %.1f allocations for each of %d, and %.1f of %d; want no more", what, few, n, many, 10*n)
	}
}

// Rules cost what their policies cost, and few allocations besides, however many there are.
func TestAllocationsOfNew(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	wantLinear(t, "New", 14, func(n int) float64 {
		all := manyRules(n, time.Second)
		return allocations(func() { rulesOf(t, all) })
	})
}

// A change of one rule costs a few allocations for each key: its entry, its chain, and
// where its policies stand. The policies themselves go on.
func TestAllocationsOfAChange(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	wantLinear(t, "Apply", 6, func(n int) float64 {
		lists := [][]rules.Rule{manyRules(10, time.Second), manyRules(10, time.Second)}
		lists[1][1] = rule(lists[1][1].Match, timeout.Each(timeout.Config{Default: 2 * time.Second}), breaker.Each(breaker.Config{}))
		r := rulesOf(t, lists[0])
		fill(r, n)
		return allocations(func() { apply(t, r, lists[1]...) })
	})
}

// So does a change of as many rules as there are keys.
func TestAllocationsOfAChangeOfManyRules(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	wantLinear(t, "Apply", 26, func(n int) float64 {
		r := rulesOf(t, manyRules(n, time.Second))
		fill(r, n)
		return allocations(func() { apply(t, r, manyRules(n, 2*time.Second)...) })
	})
}
