package fanout_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/fanout"
)

// named makes n functions that do the same.
func named(n int, f func(context.Context) (int, error)) map[string]func(context.Context) (int, error) {
	all := make(map[string]func(context.Context) (int, error), n)
	for i := range n {
		all["f"+strconv.Itoa(i)] = f
	}
	return all
}

// Collect allocates for all its functions together, at most four times for each of three,
// and twice more for each that fails.
func TestAllocationsOfCollect(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	errNone := status.Error(codes.NotFound, "none")
	for what, f := range map[string]func(context.Context) (int, error){
		"answers": func(context.Context) (int, error) { return 1, nil },
		"fails":   func(context.Context) (int, error) { return 0, errNone },
	} {
		for _, n := range []int{3, 10, 100} {
			all, most := named(n, f), float64(12)
			if what == "fails" {
				most += 2 * float64(n)
			}
			for _, timeout := range []time.Duration{0, time.Minute} {
				got := testing.AllocsPerRun(100, func() { fanout.Collect(t.Context(), timeout, all) })
				if got > most && !raceEnabled {
					t.Errorf("%d functions, each %s, timeout %v: %v allocations; want at most %v", n, what, timeout, got, most)
				}
			}
		}
	}
}

// A plan of twice as many sources takes twice as many allocations to make, of fields that
// lie beside each other, deep within each other's parents, and of many types.
func TestPlansAreMadeInLinearTime(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	for what, pathOf := range map[string]func(i int) string{
		"beside each other": func(i int) string { return "f" + strconv.Itoa(i) },
		"within messages":   func(i int) string { return "a.b.c.d" + strconv.Itoa(i/10) + ".f" + strconv.Itoa(i) },
		"values of a map":   func(i int) string { return `offers["sku-` + strconv.Itoa(i) + `"].price` },
	} {
		made := func(n int) float64 {
			fields, lists := make([]fanout.Source[int, []string], n), make([]fanout.Source[int, []string], n)
			for i := range n {
				fields[i] = fanout.Optional(pathOf(i), func(context.Context, int) (string, error) { return "", nil }, func([]string, string) {})
				lists[i] = fanout.Each(pathOf(i), func(int) []int { return nil },
					func(context.Context, int, int) (string, error) { return "", nil }, func([]string, []string) {})
			}
			return testing.AllocsPerRun(3, func() {
				for _, sources := range [][]fanout.Source[int, []string]{fields, lists} {
					if _, err := fanout.NewPlan("many", sources...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		if half, all := made(500), made(1000); (all > 2.1*half || all > 65*1000) && !raceEnabled {
			t.Errorf("%s: %v allocations for 500 sources of two kinds, %v for 1000", what, half, all)
		}
	}
}

// Elements are asked for on few goroutines: what a list allocates does not grow with their
// number.
func TestAllocationsOfElements(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	for _, n := range []int{10, 1000, 10_000} {
		keys := make([]int, n)
		p, err := fanout.NewPlan("list", fanout.Each("values", func([]int) []int { return keys },
			func(_ context.Context, _ []int, key int) (int, error) { return key, nil },
			func(all *[]int, values []int) { *all = values }).MaxKeys(10_000))
		if err != nil {
			t.Fatal(err)
		}
		var values []int
		got := testing.AllocsPerRun(20, func() {
			if _, err := p.Gather(t.Context(), keys, &values); err != nil || len(values) != n {
				t.Errorf("%d values, error %v", len(values), err)
			}
		})
		if got > 24 && !raceEnabled {
			t.Errorf("%d elements: %v allocations; want at most 24", n, got)
		}
	}
}
