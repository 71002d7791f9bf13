package telemetry_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/step"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// One value observes everything.
var (
	_ policy.Observer  = (*telemetry.Observer)(nil)
	_ policy.Selective = (*telemetry.Observer)(nil)
	_ rules.Watcher    = (*telemetry.Observer)(nil)
	_ degrade.Observer = (*telemetry.Observer)(nil)
	_ step.Observer    = (*telemetry.Observer)(nil)
	_ fanout.Observer  = (*telemetry.Observer)(nil)
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]telemetry.Option{
		"none": nil,
		"nil":  {telemetry.WithTracerProvider(nil), telemetry.WithMeterProvider(nil), telemetry.WithLogger(nil)},
	} {
		if o, err := telemetry.New(opts...); err != nil || o == nil {
			t.Errorf("%s: %v, %v", name, o, err)
		}
	}
}

func TestNilOption(t *testing.T) {
	t.Parallel()
	_, err := telemetry.New(telemetry.WithLogger(slog.Default()), nil)
	if err == nil || err.Error() != "telemetry: option 1 = nil; must be an option of the package" {
		t.Errorf("error = %v", err)
	}
}

// broken is a provider whose meter refuses every instrument.
type broken struct{ noop.MeterProvider }

type brokenMeter struct{ noop.Meter }

var errMeter = errors.New("no such instrument")

func (broken) Meter(string, ...metric.MeterOption) metric.Meter { return brokenMeter{} }

func (brokenMeter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return noop.Int64Counter{}, errors.Join(errMeter, errors.New(name))
}

// What the meter finds wrong is told, all of it.
func TestFaultsOfTheMeter(t *testing.T) {
	t.Parallel()
	_, err := telemetry.New(telemetry.WithMeterProvider(broken{}))
	if !errors.Is(err, errMeter) || !strings.Contains(err.Error(), "afloat.client.calls") || !strings.Contains(err.Error(), "afloat.step.late") {
		t.Errorf("error = %v", err)
	}
}
