package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/failsafe-go/failsafe-go"
	failsafefallback "github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/sourcegraph/conc/pool"
	"github.com/zeromicro/go-zero/core/mr"
	"golang.org/x/sync/errgroup"

	"github.com/afloat-go/afloat/interceptors/fanout"
)

// source is one thing to ask.
type source func(ctx context.Context) (string, error)

// helper gathers what the sources answer, in their order, with an empty string
// for those that did not.
type helper struct {
	name   string
	gather func(ctx context.Context, sources []source) []string
}

func helpers() []helper {
	return []helper{
		{"afloat", afloat},
		{"errgroup", withErrgroup},
		{"conc", withConc},
		{"go-zero mr", withMapReduce},
		{"failsafe-go in errgroup", withFailsafe},
		{"channels, by hand", channels},
		{"map and channel, by hand", mapAndChannel},
	}
}

// planOf makes a plan of the sources.
func planOf(sources []source) (*fanout.Plan[struct{}, []string], error) {
	bound := make([]fanout.Source[struct{}, []string], len(sources))
	for i, s := range sources {
		bound[i] = fanout.Optional("f"+strconv.Itoa(i),
			func(ctx context.Context, _ struct{}) (string, error) { return s(ctx) },
			func(values []string, v string) { values[i] = v })
	}
	return fanout.NewPlan("gather", bound...)
}

func afloat(ctx context.Context, sources []source) []string {
	values := make([]string, len(sources))
	p, err := planOf(sources)
	if err != nil {
		return values
	}
	_, _ = p.Gather(ctx, struct{}{}, values) // what is missing is seen in the values
	return values
}

func withErrgroup(ctx context.Context, sources []source) []string {
	values := make([]string, len(sources))
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range sources {
		g.Go(func() error {
			v, err := s(ctx)
			values[i] = v
			return err
		})
	}
	_ = g.Wait() // what is missing is seen in the values
	return values
}

func withConc(ctx context.Context, sources []source) []string {
	type result struct {
		i int
		v string
	}
	values := make([]string, len(sources))
	p := pool.NewWithResults[result]().WithContext(ctx).WithCollectErrored()
	for i, s := range sources {
		p.Go(func(ctx context.Context) (result, error) {
			v, err := s(ctx)
			return result{i, v}, err
		})
	}
	results, _ := p.Wait() // what is missing is seen in the values
	for _, r := range results {
		values[r.i] = r.v
	}
	return values
}

func withMapReduce(ctx context.Context, sources []source) []string {
	type result struct {
		i int
		v string
	}
	values, err := mr.MapReduce(
		func(out chan<- int) {
			for i := range sources {
				out <- i
			}
		},
		func(i int, w mr.Writer[result], _ func(error)) {
			if v, err := sources[i](ctx); err == nil {
				w.Write(result{i, v})
			}
		},
		func(in <-chan result, w mr.Writer[[]string], _ func(error)) {
			values := make([]string, len(sources))
			for r := range in {
				values[r.i] = r.v
			}
			w.Write(values)
		},
		mr.WithContext(ctx),
	)
	if err != nil {
		return make([]string, len(sources))
	}
	return values
}

// withFailsafe gives each source a timeout and a fallback, as its documentation
// shows.
func withFailsafe(ctx context.Context, sources []source) []string {
	values := make([]string, len(sources))
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range sources {
		g.Go(func() error {
			v, err := failsafe.With[string](
				failsafefallback.NewWithResult("fallback"), timeout.New[string](30*time.Millisecond),
			).WithContext(ctx).GetWithExecution(func(e failsafe.Execution[string]) (string, error) { return s(e.Context()) }) //nolint:contextcheck // it is the execution's
			values[i] = v
			return err
		})
	}
	_ = g.Wait() // what is missing is seen in the values
	return values
}

// channels waits for one after the other.
func channels(ctx context.Context, sources []source) []string {
	values := make([]string, len(sources))
	results := make([]chan string, len(sources))
	for i, s := range sources {
		results[i] = make(chan string, 1)
		go func() {
			v, err := s(ctx)
			if err != nil {
				v = ""
			}
			results[i] <- v
		}()
	}
	for i, r := range results {
		select {
		case values[i] = <-r:
		case <-ctx.Done():
		}
	}
	return values
}

var errNone = errors.New("no value")

// mapAndChannel sends what there is to one channel and collects it in a map, with
// a timeout for each source.
func mapAndChannel(ctx context.Context, sources []source) []string {
	type result struct {
		name string
		v    any
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result, len(sources))
	for i, s := range sources {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			v, err := s(ctx)
			results <- result{strconv.Itoa(i), v, err}
		}()
	}
	all := map[string]any{}
	for range sources {
		select {
		case r := <-results:
			if r.err == nil {
				all[r.name] = r.v
			}
		case <-ctx.Done():
			return listed(all, len(sources))
		}
	}
	return listed(all, len(sources))
}

func listed(all map[string]any, n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i], _ = all[strconv.Itoa(i)].(string)
	}
	return values
}
