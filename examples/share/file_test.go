package share_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/afloat-go/afloat/examples/share"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// guard takes rules from a file, which may have shares, and measures what they do.
func guard(path string, meters *metric.MeterProvider) (*config.Set, error) {
	observer, err := telemetry.New(telemetry.WithMeterProvider(meters))
	if err != nil {
		return nil, err
	}
	return config.New(
		config.WithFile(path), config.WithKind(share.Kind()),
		config.WithPolicyOptions(rules.WithObserver(observer)),
		config.WithLogger(slog.New(slog.DiscardHandler)),
	)
}

// A share is configured by a file, changed while it works, and seen in the snapshot and in
// metrics. None of it is known to afloat but by the row.
func TestShareOfAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, `rules: [{match: "*", side: server, bulkhead: {max_concurrent: 9}}]`)
	reader := metric.NewManualReader()
	set, err := guard(path, metric.NewMeterProvider(metric.WithReader(reader)))
	if err != nil {
		t.Fatal(err)
	}
	call := &policy.Call{Method: "/shop.Catalog/Get", Side: policy.Server}
	admit := func() error { // a call that does not end
		policies := set.Rules().Resolve(call).Policies()
		_, err := policies[len(policies)-1].Acquire(of("a"), call)
		return err
	}
	wantPoints(t, reader, "afloat.server.share.tenants")

	// The file has a share only now.
	write(t, path, `rules: [{match: /shop.*, custom: {name: share, config: {per_tenant: 1}, scope: per_target}}]`)
	if err := set.Reload(); err != nil {
		t.Fatal(err)
	}
	if first, second := admit(), admit(); first != nil || !errors.Is(second, share.ErrUsedUp) {
		t.Errorf("%v, %v; want one call admitted", first, second)
	}
	wantPoints(t, reader, "afloat.server.share.tenants", "afloat.policy.name=*: 1")
	wantPoints(t, reader, "afloat.server.share.limit", "afloat.policy.name=*: 1")

	// A larger share goes on with the call in flight.
	write(t, path, `rules: [{match: /shop.*, custom: {name: share, config: {per_tenant: 2}, scope: per_target}}]`)
	if err := set.Reload(); err != nil {
		t.Fatal(err)
	}
	if second, third := admit(), admit(); second != nil || !errors.Is(third, share.ErrUsedUp) {
		t.Errorf("%v, %v; want one more call admitted", second, third)
	}
	wantPoints(t, reader, "afloat.server.share.limit", "afloat.policy.name=*: 2")
	for _, p := range set.Snapshot().Message().GetPolicies() {
		got := p.GetCustom()
		if p.GetKind() != "share" || got.GetConfig().AsMap()["per_tenant"] != 2.0 || got.GetStatus().AsMap()["in_flight"] != 2.0 {
			t.Errorf("the snapshot has %v; want the share, its new configuration, and two calls", p)
		}
	}
}

// What is wrong with a share is told like anything else that is wrong with a file.
func TestFaultsOfAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, `
rules:
  - match: /shop.*
    custom: {name: share, config: {per_tenant: 0}}
  - match: /shop.Catalog/*
    custom: {name: shares, config: {}}
  - match: /shop.Payments/*
    custom: {name: share, config: {per_tennant: 5}}
`)
	_, err := guard(path, metric.NewMeterProvider())
	want := path + `:4:48: rules[0].custom[0].config.per_tenant = 0; must be in [1, 10000]
` + path + `:6:20: rules[1].custom[0].name = shares; must be a kind that the program registered; did you mean share?
` + path + `:8:36: rules[2].custom[0].config.per_tennant: is no field here; did you mean per_tenant?`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantPoints requires the points of a metric, as they are collected now.
func wantPoints(t *testing.T, reader *metric.ManualReader, name string, want ...string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if m.Name != name || !ok {
				continue
			}
			for _, p := range sum.DataPoints {
				got = append(got, fmt.Sprintf("%s: %d", p.Attributes.Encoded(attribute.DefaultEncoder()), p.Value))
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s has %q; want %q", name, got, want)
	}
}
