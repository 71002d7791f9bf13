package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/fanout"
)

// counts are how many sources are asked.
func counts() []int { return []int{3, 10, 100} }

// instants returns sources that answer at once.
func instants(n int) []source {
	sources := make([]source, n)
	for i := range sources {
		sources[i] = func(context.Context) (string, error) { return "good", nil }
	}
	return sources
}

// timed returns a way of gathering that has a deadline of its own, as a plan has.
func timed(ctx context.Context, sources []source, gather func(context.Context, []source) []string) func() {
	return func() {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		gather(ctx, sources)
	}
}

// plans compares plans of sources that answer at once with an errgroup that has a
// deadline, which a plan has too.
func plans(ctx context.Context) ([]comparison, func() error, error) {
	var all []comparison
	for i, n := range counts() {
		sources := instants(n)
		p, err := planOf(sources)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, comparison{
			fmt.Sprintf("%d sources that answer at once", n), measure.Ratio(),
			append(
				twice("errgroup with a deadline", timed(ctx, sources, withErrgroup)),
				measure.System{
					Name: "a plan", Goal: &measure.Goal{Most: []float64{0.9, 1.0, 1.1}[i], Allocs: []float64{7, 8, 8}[i]},
					Sample: serial(func() { _, _ = p.Gather(ctx, struct{}{}, make([]string, n)) }),
				},
				measure.System{Name: "errgroup", Sample: serial(func() { withErrgroup(ctx, sources) })},
				measure.System{Name: "map and channel, by hand", Sample: serial(timed(ctx, sources, mapAndChannel))},
			),
		})
	}
	return all, nothing, nil
}

// collections compares Collect with an errgroup that has no deadline and keeps the values
// in a slice, and with one that has both a deadline and a map.
func collections(ctx context.Context) ([]comparison, func() error, error) {
	var all []comparison
	for i, n := range counts() {
		sources, functions := instants(n), named{}
		for i, s := range sources {
			functions["f"+strconv.Itoa(i)] = s
		}
		all = append(all, comparison{
			fmt.Sprintf("%d functions that return at once", n), measure.Ratio(),
			append(
				twice("errgroup", func() { withErrgroup(ctx, sources) }),
				measure.System{
					Name: "Collect", Goal: &measure.Goal{Most: []float64{1.6, 1.5, 1.5}[i], Allocs: 4 * float64(n)},
					Sample: serial(func() { fanout.Collect(ctx, time.Second, functions) }),
				},
				measure.System{Name: "errgroup with a deadline and a map", Sample: serial(func() { functions.withErrgroup(ctx) })},
			),
		})
	}
	return all, nothing, nil
}

// named are functions by name.
type named map[string]func(ctx context.Context) (string, error)

// withErrgroup asks them as Collect does, but that it waits for each.
func (n named) withErrgroup(ctx context.Context) map[string]fanout.Result[string] {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	results := make(map[string]fanout.Result[string], len(n))
	for name, f := range n {
		g.Go(func() error {
			v, err := f(ctx)
			mu.Lock()
			defer mu.Unlock()
			results[name] = fanout.Result[string]{Value: v, Err: err}
			return nil
		})
	}
	_ = g.Wait() // no function fails it
	return results
}
