package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/fanout"
)

// lists compares a list of many elements with an errgroup of as many goroutines at once.
func lists(ctx context.Context) ([]comparison, func() error, error) {
	const n = 10_000
	keys := make([]int, n)
	for i := range keys {
		keys[i] = i
	}
	p, err := fanout.NewPlan("list", fanout.Each(
		"values", func([]int) []int { return keys },
		func(_ context.Context, _ []int, key int) (int, error) { return key, nil },
		func(resp *[]int, values []int) { *resp = values },
	).MaxKeys(n))
	if err != nil {
		return nil, nil, err
	}
	group := func() {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(fanout.DefaultParallel)
		values := make([]int, n)
		for i, key := range keys {
			g.Go(func() error {
				values[i] = key
				return ctx.Err()
			})
		}
		_ = g.Wait() // nothing fails
	}
	return []comparison{{
		"10000 elements of a list, 8 at once", measure.Ratio(),
		append(twice("errgroup with SetLimit and a deadline", group), measure.System{
			Name: "Each", Goal: &measure.Goal{Most: 1, Allocs: measure.AnyAllocs},
			Sample: serial(func() { _, _ = p.Gather(ctx, keys, new([]int)) }),
		}),
	}}, nothing, nil
}

// constructions measures how long it takes to make a plan of many sources.
func constructions(context.Context) ([]comparison, func() error, error) {
	var all []comparison
	for _, c := range []struct {
		n    int
		goal *measure.Goal
	}{{100, nil}, {1000, &measure.Goal{Most: 10, Allocs: measure.AnyAllocs}}} {
		sources := instants(c.n)
		build := func() { _, _ = planOf(sources) }
		if _, err := planOf(sources); err != nil {
			return nil, nil, err
		}
		systems := twice("NewPlan", build)
		systems[0].Goal = c.goal
		all = append(all, comparison{fmt.Sprintf("a plan of %d sources, made", c.n), measure.Each(time.Millisecond, "ms"), systems})
	}
	return all, nothing, nil
}
