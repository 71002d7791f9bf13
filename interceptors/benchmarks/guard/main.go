package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

func main() {
	var e effort
	flag.IntVar(&e.rounds, "rounds", 8, "rounds per figure, 1 to 1000")
	flag.DurationVar(&e.slice, "slice", 50*time.Millisecond, "length of a round, 1ms to 10s")
	flag.Parse()
	if err := run(os.Stdout, e); err != nil {
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

// measure runs the samples in turns.
func (e effort) measure(samples ...*measure.Sample) { measure.Run(samples, e.rounds, e.slice) }

// run measures everything and prints it.
func run(out io.Writer, e effort) error {
	if err := e.validate(); err != nil {
		return err
	}
	var kept promises
	for _, part := range []func(io.Writer, effort, *promises) error{calls, rulesets, observed, streams, endToEnd} {
		if err := part(out, e, &kept); err != nil {
			return err
		}
	}
	return kept.print(out)
}
