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
const legend = `What is done for each call is measured in turns with bare calls, and so are bare ones with
themselves, which is the noise: a figure is the median over the rounds. What is done seldom
is measured by itself, as the median of a few runs; its allocations are those of one run.

`

// run measures everything and prints it.
func run(ctx context.Context, out io.Writer, e measure.Effort) error {
	if err := e.Validate(); err != nil {
		return err
	}
	p := measure.Page{Legend: legend}
	for _, part := range []func(context.Context, measure.Effort, *measure.Page) error{streams, calls, metrics, changes} {
		if err := part(ctx, e, &p); err != nil {
			return err
		}
	}
	return e.Finish(&p, out, "engine", "What afloat costs beside its calls")
}
