package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

func main() {
	var e effort
	flag.IntVar(&e.rounds, "rounds", 100, "rounds per figure, 1 to 1000")
	flag.DurationVar(&e.slice, "slice", 5*time.Millisecond, "length of a round, 1ms to 10s")
	docs := flag.String("docs", "", "a folder of docs to write the page and its chart to, besides")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, e, *docs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

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

// legend says how to read the page.
const legend = `A figure is the median of the ratios (or differences) to the base of the same round; the
base is the row with 1.00 (or +0 ns). The noise is that figure of the base measured twice.
Gobreaker is the base with its semaphore's refusals left out of its counts (IsExcluded);
with them counted it is a row. A caller has a deadline unless the row says otherwise.

`

// run measures everything and prints it, and writes it to the docs if they are named.
func run(ctx context.Context, out io.Writer, e effort, docs string) error {
	if err := e.validate(); err != nil {
		return err
	}
	p := measure.Page{Legend: legend}
	for _, part := range []func(context.Context, effort, *measure.Page) error{
		calls, functions, memory, observed, relations, rulesets, streams, endToEnd,
	} {
		if err := part(ctx, e, &p); err != nil {
			return err
		}
	}
	if docs != "" {
		if err := p.Write(docs, "guard", "What a guarded call costs"); err != nil {
			return err
		}
	}
	return p.Print(out)
}
