package telemetry_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// reading returns what reads all metrics of n methods that have a breaker and a bulkhead.
func reading(tb testing.TB, n int) func() {
	tb.Helper()
	reader := sdk.NewManualReader()
	o, err := telemetry.New(telemetry.WithMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader))))
	if err != nil {
		tb.Fatal(err)
	}
	r, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
		breaker.Each(breaker.Config{}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 100}),
	}}}, rules.WithObserver(o), rules.WithMaxKeys(10_000))
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		r.Resolve(&policy.Call{Method: fmt.Sprintf("/tenant%d.v1.Orders/Get", i), Target: "dns:///orders:443"})
	}
	tb.Cleanup(func() { runtime.KeepAlive(r) })
	var into metricdata.ResourceMetrics
	return func() {
		if err := reader.Collect(context.Background(), &into); err != nil {
			tb.Fatal(err)
		}
	}
}

// What is read allocates for what is exported, which is bounded, and nothing for each
// policy.
func TestReadingAllMetricsAllocatesNothingForAPolicy(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	few, many := reading(t, 500), reading(t, 4096)
	few()
	many()
	a, b := testing.AllocsPerRun(10, few), testing.AllocsPerRun(10, many)
	if b > a+50 {
		t.Errorf("%v allocations to read 500 methods, %v to read 4096; want as many", a, b)
	}
	// The SDK makes its map of series anew for each reading.
	const series = (330 + 1) * 13
	if a > 4*series {
		t.Errorf("%v allocations to read %d series; want at most 4 each", a, series)
	}
}

func BenchmarkReadingAllMetrics(b *testing.B) {
	read := reading(b, 4096)
	b.ReportAllocs()
	for b.Loop() {
		read()
	}
}
