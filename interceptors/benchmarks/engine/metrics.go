package main

import (
	"context"
	"fmt"
	"runtime"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// keys is how many methods are in use.
const keys = 4096

// metrics measures how long the SDK takes to read all of them, for few methods and for
// many: by the bound on series, as many are exported.
func metrics(ctx context.Context, _ measure.Effort, p *measure.Page) error {
	for _, n := range []int{400, keys} {
		reader := sdk.NewManualReader()
		o, err := telemetry.New(telemetry.WithMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader)))) //nolint:contextcheck // telemetry is not the call's
		if err != nil {
			return err
		}
		r, err := interceptors.NewRules([]rules.Rule{{Match: "*", Policies: []rules.Template{
			breaker.Each(breaker.Config{}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 100}),
		}}}, rules.WithObserver(o))
		if err != nil {
			return err
		}
		use(r, n)
		var into metricdata.ResourceMetrics
		var fault error
		repeat(p, fmt.Sprintf("all metrics are read, %d methods, the SDK included", n), 4, func() func() {
			return func() { fault = reader.Collect(ctx, &into) }
		})
		runtime.KeepAlive(r)
		if fault != nil {
			return fault
		}
	}
	return nil
}

// use makes the policies of n methods.
func use(r *rules.Rules, n int) {
	for i := range n {
		r.Resolve(&policy.Call{Method: fmt.Sprintf("/tenant%d.v1.Orders/Get", i), Target: "dns:///orders:443"})
	}
}
