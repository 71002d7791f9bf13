package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// effort is how long is measured.
type effort struct {
	rounds int
	slice  time.Duration
}

func (e effort) validate() error {
	if e.rounds < 1 || e.rounds > 1000 {
		return fmt.Errorf("flag -rounds = %d; must be in [1, 1000]", e.rounds)
	}
	if e.slice < time.Millisecond || e.slice > 10*time.Second {
		return fmt.Errorf("flag -slice = %v; must be in [1ms, 10s]", e.slice)
	}
	return nil
}

// cost prints what it costs to ask sources that answer at once, for a request that
// has a deadline, as those have that a server gets.
func cost(ctx context.Context, out io.Writer, e effort) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\nns (allocations)\tafloat\tafloat again\tnoise\terrgroup\tafloat, of it\terrgroup, deadline\tafloat, of it\tmap and channel\tafloat, of it\t")
	for _, n := range []int{3, 10, 100} {
		samples, err := costSamples(ctx, n)
		if err != nil {
			return err
		}
		measure.Run(samples, e.rounds, e.slice)
		fmt.Fprintf(table, "%d sources\t", n)
		for i, s := range samples {
			fmt.Fprintf(table, "%.0f (%.0f)\t", s.Wall(), s.Allocs())
			if i > 0 {
				fmt.Fprintf(table, "%.2f\t", samples[0].Of(s))
			}
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// costSamples returns the ways to ask n sources: a plan, twice; errgroup as it
// is; errgroup with a deadline, which the plan has too; and the one by hand that has one.
func costSamples(ctx context.Context, n int) ([]*measure.Sample, error) {
	sources := make([]source, n)
	for i := range sources {
		sources[i] = func(context.Context) (string, error) { return "good", nil }
	}
	p, err := planOf(sources)
	if err != nil {
		return nil, err
	}
	timed := func(gather func(context.Context, []source) []string) func(int) {
		return func(int) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			gather(ctx, sources)
		}
	}
	plan := func(int) { _, _ = p.Gather(ctx, struct{}{}, make([]string, n)) }
	return []*measure.Sample{
		{Goroutines: 1, Call: plan},
		{Goroutines: 1, Call: plan},
		{Goroutines: 1, Call: func(int) { withErrgroup(ctx, sources) }},
		{Goroutines: 1, Call: timed(withErrgroup)},
		{Goroutines: 1, Call: timed(mapAndChannel)},
	}, nil
}
