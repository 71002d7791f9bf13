//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	var e effort
	var s serving
	serve := flag.Bool("serve", false, "be a server")
	generating := flag.Bool("generate", false, "be a generator")
	flag.IntVar(&s.limit, "limit", 1, "places of a server that has a fixed number")
	flag.IntVar(&e.rounds, "rounds", 5, "rounds, 1 to 100")
	flag.IntVar(&e.procs, "procs", 1, "cores of the server: 1, which is its own, or 2, which it shares")
	flag.DurationVar(&e.warm, "warm", time.Second, "time of a run of which nothing is counted")
	flag.DurationVar(&e.length, "length", 3*time.Second, "time of a run that is counted")
	loads := flag.String("loads", "0.5,0.8,1,1.4,2,4", "loads, as shares of the peak")
	flag.StringVar(&s.bottleneck, "bottleneck", "", "one of the bottlenecks; all of them by default")
	flag.StringVar(&s.guard, "guard", "", "one of the guards; all of them by default")
	flag.Parse()
	ctx := context.Background()
	switch {
	case *serve:
		exit(s.serve(ctx, os.Stdin, os.Stdout))
	case *generating:
		exit(generate(ctx, os.Stdin, os.Stdout))
	default:
		if err := errors.Join(e.choose(s, *loads), e.validate()); err != nil {
			exit(err)
		}
		exit(measureAll(ctx, e, os.Stdout, os.Stderr))
	}
}

// exit ends the process, with what went wrong.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// effort is what is measured, and for how long.
type effort struct {
	rounds, procs int
	warm, length  time.Duration
	loads         []float64
	bottlenecks   []bottleneck
	guards        []string
	limits        []int // that are tried for the best fixed number of places
}

// choose takes what flags say of what is measured.
func (e *effort) choose(s serving, loads string) error {
	e.bottlenecks, e.guards = bottlenecks(), guards()
	e.limits = []int{1, 2, 4, 8, 12, 16, 24, 32, 64}
	if s.bottleneck != "" {
		b, ok := bottleneckNamed(s.bottleneck)
		if !ok {
			return fmt.Errorf("flag -bottleneck = %q; must be one of %q", s.bottleneck, names())
		}
		e.bottlenecks = []bottleneck{b}
	}
	if s.guard != "" {
		if !slices.Contains(guards(), s.guard) {
			return fmt.Errorf("flag -guard = %q; must be one of %q", s.guard, guards())
		}
		e.guards = []string{s.guard}
	}
	for text := range strings.SplitSeq(loads, ",") {
		load, err := strconv.ParseFloat(text, 64)
		if err != nil || load <= 0 || load > 10 {
			return fmt.Errorf("flag -loads: %q; must be a number in (0, 10]", text)
		}
		e.loads = append(e.loads, load)
	}
	return nil
}

// validate reports what is out of range.
func (e *effort) validate() error {
	var faults []error
	if e.rounds < 1 || e.rounds > 100 {
		faults = append(faults, fmt.Errorf("flag -rounds = %d; must be in [1, 100]", e.rounds))
	}
	if e.procs != 1 && e.procs != 2 {
		faults = append(faults, fmt.Errorf("flag -procs = %d; must be 1 or 2", e.procs))
	}
	if e.warm < 0 || e.length < 100*time.Millisecond {
		faults = append(faults, fmt.Errorf("flags -warm = %v, -length = %v; must be at least 0s and 100ms", e.warm, e.length))
	}
	return errors.Join(faults...)
}

// measureAll measures everything and prints it.
func measureAll(ctx context.Context, e effort, out, log io.Writer) error {
	generator, err := start(ctx, 0, e.procs, "-generate")
	if err != nil {
		return err
	}
	b, t := &bench{effort: e, log: log, generator: generator}, newTable()
	for range e.rounds {
		for _, of := range e.bottlenecks {
			if err := b.group(ctx, of, t); err != nil {
				return errors.Join(err, generator.Close())
			}
		}
	}
	fmt.Fprintf(log, "%d runs were made again\n", b.again)
	return errors.Join(generator.Close(), t.print(out))
}
