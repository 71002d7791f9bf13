package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds every client and prints the table.
func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "size")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := buildAll(ctx, dir)
	if err != nil {
		return err
	}
	return printed(out, programs)
}

// printed prints the sizes in millions of bytes. The first program is what the
// others are compared with.
func printed(out io.Writer, programs []program) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%s, %s/%s\tMB\tadds\tstripped\tadds\tmodules\t\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	first := programs[0]
	for _, p := range programs {
		fmt.Fprintf(table, "%s\t%.2f\t%+.2f\t%.2f\t%+.2f\t%d\t\n", p.what,
			megabytes(p.whole), megabytes(p.whole-first.whole),
			megabytes(p.stripped), megabytes(p.stripped-first.stripped), len(p.modules))
	}
	return table.Flush()
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
