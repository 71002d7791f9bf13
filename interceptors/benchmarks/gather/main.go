package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

func main() {
	e := measure.Effort{Rounds: 50, Slice: 10 * time.Millisecond}
	e.Flags()
	helperName := flag.String("child", "", "run one case of this helper, for the program itself")
	caseName := flag.String("case", "", "the case of -child")
	flag.Parse()
	err := e.Validate()
	switch {
	case err != nil:
	case *helperName != "":
		err = child(os.Stdout, *helperName, *caseName)
	default:
		err = run(context.Background(), os.Stdout, e)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints the three tables.
func run(ctx context.Context, out io.Writer, e measure.Effort) error {
	if err := behaviour(ctx, out); err != nil {
		return err
	}
	if err := retention(ctx, out); err != nil {
		return err
	}
	return cost(ctx, out, e)
}

// behaviour prints what comes of each case with each helper.
func behaviour(ctx context.Context, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "returns after, good values kept; the third source …")
	for _, c := range cases() {
		fmt.Fprintf(table, "\t%s", c.name)
	}
	fmt.Fprintln(table)
	for _, h := range helpers() {
		fmt.Fprint(table, h.name)
		for _, c := range cases() {
			r, err := parent(ctx, h.name, c.name)
			if err != nil {
				return err
			}
			fmt.Fprintf(table, "\t%v", r)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// retentionRuns is how often three results are ready when the time is over.
const retentionRuns = 500

// retention prints how often all results are kept that are there at the end of
// the time, while the first source is still awaited.
func retention(ctx context.Context, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nthree of four results are there at the end of the time\tall three kept, of %d runs\n", retentionRuns)
	for _, h := range helpers() {
		if h.name != "afloat" && h.name != "channels, by hand" {
			continue // they wait for the first source
		}
		fmt.Fprintf(table, "%s\t%d\n", h.name, retained(ctx, h, retentionRuns))
	}
	return table.Flush()
}

// retained is how often of n times h keeps all that is there.
func retained(ctx context.Context, h helper, n int) (runs int) {
	first := func(ctx context.Context) (string, error) {
		<-ctx.Done()
		time.Sleep(time.Millisecond)
		return "", ctx.Err()
	}
	ready := func(context.Context) (string, error) { return "good", nil }
	for range n {
		ctx, cancel := context.WithTimeout(ctx, 12*time.Millisecond)
		if count(h.gather(ctx, []source{first, ready, ready, ready})) == 3 {
			runs++
		}
		cancel()
	}
	return runs
}
