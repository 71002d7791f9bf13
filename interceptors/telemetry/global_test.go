package telemetry_test

import (
	"testing"

	"go.opentelemetry.io/otel"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// Who names no providers reports to the global ones.
func TestGlobalProviders(t *testing.T) { //nolint:paralleltest // they are global
	b := newBackend(t)
	tracers, meters := otel.GetTracerProvider(), otel.GetMeterProvider()
	t.Cleanup(func() {
		otel.SetTracerProvider(tracers)
		otel.SetMeterProvider(meters)
	})
	otel.SetTracerProvider(b.tracers)
	otel.SetMeterProvider(b.meters)
	o, err := telemetry.New()
	if err != nil {
		t.Fatal(err)
	}
	o.Rejected(t.Context(), &policy.Call{Method: "/pkg.Service/Method"}, policy.Rejected{Err: errDown})
	b.only(t, "pkg.Service/Method")
	b.wantPoints(t, "afloat.client.rejections", "afloat.policy.kind= afloat.rejection.reason=UNAVAILABLE rpc.method=pkg.Service/Method: 1")
}
