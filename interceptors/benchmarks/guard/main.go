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
	e := measure.Effort{Rounds: 100, Slice: 5 * time.Millisecond}
	e.Flags()
	flag.Parse()
	if err := run(context.Background(), os.Stdout, e); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// legend says how to read the page.
const legend = `A figure is the median of the ratios (or differences) to the base of the same round; the
base is the row with 1.00 (or +0 ns). The noise is that figure of the base measured twice.
Gobreaker is the base with its semaphore's refusals left out of its counts (IsExcluded);
with them counted it is a row. A caller has a deadline unless the row says otherwise.

`

// run measures everything and prints it.
func run(ctx context.Context, out io.Writer, e measure.Effort) error {
	if err := e.Validate(); err != nil {
		return err
	}
	p := measure.Page{Legend: legend}
	for _, part := range []func(context.Context, measure.Effort, *measure.Page) error{
		calls, functions, memory, observed, relations, rulesets, streams, endToEnd,
	} {
		if err := part(ctx, e, &p); err != nil {
			return err
		}
	}
	return e.Finish(&p, out, "guard", "What a guarded call costs")
}
