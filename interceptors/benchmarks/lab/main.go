package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	child := flag.Bool(childFlag, false, "take samples for a parent")
	update := flag.Bool("update", false, "write the report, instead of comparing it with what is there")
	only := flag.String("only", "", "print what is promised of worlds whose names begin so, with commas between, and write no report")
	runs := flag.Int("runs", 0, "at most so many runs for each sample, with -only; 0 is as many as for the report")
	docs := flag.String("docs", "../../docs", "the folder of the report")
	flag.Parse()
	switch {
	case *child:
		return serve(os.Stdin, os.Stdout)
	case *only != "":
		return tell(ctx, *only, *runs)
	default:
		return report(ctx, *docs, *update)
	}
}

// tell prints the promises of some worlds.
func tell(ctx context.Context, only string, runs int) error {
	var jobs []job
	for _, j := range plan() {
		if !isPromised(j.System) || !begins(j.World, only) {
			continue
		}
		if runs > 0 {
			j.Runs = min(j.Runs, runs)
		}
		jobs = append(jobs, j)
	}
	b, err := takeAll(ctx, jobs, os.Stderr)
	if err != nil {
		return err
	}
	if missed := printChecks(os.Stdout, checks(b), false); missed > 0 {
		return fmt.Errorf("%d promises missed", missed)
	}
	return nil
}

// isPromised reports whether something is promised of a system.
func isPromised(system string) bool {
	return system == nameAfloat || system == nameSpeed || strings.Contains(system, "× p99")
}

// begins reports whether a name begins with one of a list.
func begins(name, list string) bool {
	for prefix := range strings.SplitSeq(list, ",") {
		if prefix == "all" || strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
