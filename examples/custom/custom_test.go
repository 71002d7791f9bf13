package custom_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/afloat-go/afloat/examples/custom"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

const charge = "/shop.v1.Payments/Charge"

// guard takes rules from a file, which may have quotas, and measures what they do.
func guard(path string, meters *metric.MeterProvider) (*config.Set, error) {
	observer, err := telemetry.New(telemetry.WithMeterProvider(meters))
	if err != nil {
		return nil, err
	}
	return config.New(
		config.WithFile(path), config.WithKind(custom.Quotas()),
		config.WithPolicyOptions(rules.WithObserver(observer)),
		config.WithLogger(slog.New(slog.DiscardHandler)),
	)
}

// A quota is configured by a file, changed while it works, and seen in the snapshot and in
// metrics. None of it is known to afloat but by the row.
func TestQuota(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, `rules: [{match: "*", side: client, breaker: {}}]`)
	reader := metric.NewManualReader()
	set, err := guard(path, metric.NewMeterProvider(metric.WithReader(reader)))
	if err != nil {
		t.Fatal(err)
	}
	wantPoints(t, reader, "afloat.client.quota.used")

	// The file gets a quota only now.
	write(t, path, `
rules:
  - match: /shop.v1.Payments/*
    custom: {name: quota, config: {calls: 2, per: 1h}, scope: per_service}
`)
	if err := set.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(call(t, set), call(t, set)); err != nil {
		t.Fatal(err)
	}
	refused, ok := errors.AsType[*policy.Rejection](call(t, set))
	if !ok || refused.Reason != custom.ReasonUsedUp {
		t.Errorf("the third call = %v; want it refused, because the quota is used up", refused)
	}
	const payments = "afloat.policy.name=/shop.v1.Payments/"
	wantPoints(t, reader, "afloat.client.quota.used", payments+": 2")
	wantPoints(t, reader, "afloat.client.quota.limit", payments+": 2")

	// A larger quota goes on from what is used.
	write(t, path, `
rules:
  - match: /shop.v1.Payments/*
    custom: {name: quota, config: {calls: 3, per: 1h}, scope: per_service}
`)
	if err := set.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := call(t, set); err != nil {
		t.Errorf("a call under the larger quota = %v", err)
	}
	if err := call(t, set); err == nil {
		t.Error("the fourth call was let through")
	}
	wantPoints(t, reader, "afloat.client.quota.used", payments+": 3")
	wantPoints(t, reader, "afloat.client.quota.limit", payments+": 3")
	for _, p := range set.Snapshot().Message().GetPolicies() {
		got := p.GetCustom()
		if p.GetKind() == "quota" && (got.GetConfig().AsMap()["per"] != "1h0m0s" || got.GetStatus().AsMap()["used"] != 3.0) {
			t.Errorf("the snapshot has %v; want the new configuration, and three calls", got)
		}
	}
}

// What is wrong with a quota is told like anything else that is wrong with a file.
func TestFaultsOfQuotas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, `
rules:
  - match: /shop.v1.Payments/*
    custom: {name: quota, config: {calls: 0, per: 1ms}}
  - match: /shop.v1.Catalog/*
    custom: {name: quote, config: {}}
`)
	_, err := guard(path, metric.NewMeterProvider())
	want := strings.ReplaceAll(`PATH:4:43: rules[0].custom[0].config.calls = 0; must be at least 1
PATH:4:51: rules[0].custom[0].config.per = 1ms; must be at least 1s
PATH:6:20: rules[1].custom[0].name = quote; must be a kind that the program registered; did you mean quota?`, "PATH", path)
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

// call makes a call as a client's interceptor does.
func call(t *testing.T, set *config.Set) error {
	t.Helper()
	chain := set.Rules().Resolve(&policy.Call{Method: charge})
	return chain.Do(t.Context(), charge, func(context.Context) error { return nil })
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
