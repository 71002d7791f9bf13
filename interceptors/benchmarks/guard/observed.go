package main

import (
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// watched is a guard that somebody observes, or nobody.
type watched struct {
	name    string
	options func() ([]rules.Option, error)
}

// observers are nobody first.
func observers() []watched {
	quiet := telemetry.WithLogger(slog.New(slog.DiscardHandler))
	withTelemetry := func(opts ...telemetry.Option) func() ([]rules.Option, error) {
		return func() ([]rules.Option, error) {
			o, err := telemetry.New(append(opts, quiet)...)
			return []rules.Option{rules.WithObserver(o)}, err
		}
	}
	noTraces := telemetry.WithTracerProvider(tracenoop.NewTracerProvider())
	sdk := telemetry.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())))
	return []watched{
		{"nobody", func() ([]rules.Option, error) { return nil, nil }},
		{"no-op providers", withTelemetry(noTraces, telemetry.WithMeterProvider(metricnoop.NewMeterProvider()))},
		{"the SDK's metrics", withTelemetry(noTraces, sdk)},
		{"the SDK's metrics and traces", withTelemetry(telemetry.WithTracerProvider(trace.NewTracerProvider()), sdk)},
	}
}

// observed measures what telemetry adds to a guarded call, one goroutine, one method.
func observed(out io.Writer, e effort, p *promises) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\na call, observed by\tns (allocations)\tmore than by nobody\trefused: ns (allocations)\tmore\t")
	var ways [2][]*measure.Sample
	for i, failures := range []int{0, 5} {
		for _, w := range observers() {
			s, err := w.sample(failures)
			if err != nil {
				return err
			}
			ways[i] = append(ways[i], s)
		}
		e.measure(ways[i]...)
	}
	for i, w := range observers() {
		fmt.Fprintf(table, "%s\t", w.name)
		for _, way := range ways {
			fmt.Fprintf(table, "%.0f (%.0f)\t%+.0f\t", way[i].Wall(), way[i].Allocs(), way[i].More(way[0]))
		}
		fmt.Fprintln(table)
	}
	p.observed = ways[0]
	return table.Flush()
}

// sample is a call under the guard, refused if its circuit opens at so many failures.
func (w watched) sample(failures int) (*measure.Sample, error) {
	opts, err := w.options()
	if err != nil {
		return nil, err
	}
	rules, err := peers.Rules(peers.Config{Places: 100, OpenFor: time.Hour, Failures: failures}, opts...)
	if err != nil {
		return nil, err
	}
	guard, ctx := interceptors.UnaryClientInterceptor(rules), newRequest()
	static := []grpc.CallOption{grpc.StaticMethod()}
	invoker := succeed
	if failures > 0 {
		invoker = fail
	}
	call := func(int) { _ = guard(ctx, "/bench.Service/Method", nil, nil, nil, invoker, static...) } // the outcome is the load's
	for i := range 10 {
		call(i)
	}
	return &measure.Sample{Call: call, Goroutines: 1}, nil
}
