package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// comparison is a few systems that do the same: the base, the base again, the others.
type comparison struct {
	title   string
	figure  measure.Figure
	systems []measure.System
}

// cost prints what things cost, beside what is promised. The callers have a deadline, as
// those have that a server gets.
func cost(ctx context.Context, out io.Writer, e measure.Effort) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	var page measure.Page
	for _, part := range []func(context.Context) ([]comparison, func() error, error){
		plans, collections, lists, constructions, markers, remote,
	} {
		all, closed, err := part(ctx)
		if err != nil {
			return err
		}
		for _, c := range all {
			page.Compare(e, c.title, c.figure, c.systems)
		}
		if err := closed(); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	return e.Finish(&page, out, "gather", "What asking several sources costs")
}

// nothing is to be closed.
func nothing() error { return nil }

// serial returns a sample of calls one after the other.
func serial(call func()) *measure.Sample {
	return &measure.Sample{Goroutines: 1, Call: func(int) { call() }}
}

// twice returns the base of a comparison.
func twice(name string, call func()) []measure.System {
	return []measure.System{{Name: name, Sample: serial(call)}, {Name: name, Sample: serial(call)}}
}
