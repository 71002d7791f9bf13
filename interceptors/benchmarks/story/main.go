package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
)

func main() {
	only := flag.String("fault", "", "hangs, fails or slows; all of them by default")
	seed := flag.Uint64("seed", 1, "of arrivals and service times")
	flag.Parse()
	if err := tell(context.Background(), os.Stdout, fault(*only), *seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tell tells the stories of one fault, or of all, with every system.
func tell(ctx context.Context, out io.Writer, only fault, seed uint64) error {
	faults := []fault{hangs, fails, slows}
	if only != none {
		if !slices.Contains(faults, only) {
			return fmt.Errorf("flag -fault = %q; must be hangs, fails or slows", only)
		}
		faults = []fault{only}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	header(table)
	for _, f := range faults {
		for _, s := range systems() {
			fmt.Fprintf(os.Stderr, "a backend %s, guarded by %s: %v\n", f, s.name, before+during+after)
			r, err := run(ctx, s, f, seed)
			if err != nil {
				return err
			}
			r.print(table, f, s)
		}
	}
	return table.Flush()
}
