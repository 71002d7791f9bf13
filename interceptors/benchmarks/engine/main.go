package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	var e effort
	flag.IntVar(&e.rounds, "rounds", 100, "rounds per figure, 1 to 1000")
	flag.DurationVar(&e.slice, "slice", 5*time.Millisecond, "length of a round of calls, 1ms to 10s")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, e); err != nil {
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

// run measures everything and prints it.
func run(ctx context.Context, out io.Writer, e effort) error {
	if err := e.validate(); err != nil {
		return err
	}
	var p page
	for _, part := range []func(context.Context, effort, *page) error{streams, calls, metrics, changes} {
		if err := part(ctx, e, &p); err != nil {
			return err
		}
	}
	return p.print(out)
}
