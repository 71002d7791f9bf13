package observe_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// without takes away what the environment of the test itself says.
func without(t *testing.T, set map[string]string) {
	t.Helper()
	for _, name := range []string{
		"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER",
		"OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
	} {
		t.Setenv(name, set[name])
	}
}

func TestEnvironmentThatCannotBeObeyed(t *testing.T) { //nolint:paralleltest // it sets the environment
	for want, set := range map[string]map[string]string{
		`observe: OTEL_TRACES_EXPORTER = "zipkin"; must be otlp or none`: {"OTEL_TRACES_EXPORTER": "zipkin"},
		`observe: OTEL_EXPORTER_OTLP_PROTOCOL = "http/protobuf" for LOGS; must be grpc`: {
			"OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		},
		`observe: OTEL_EXPORTER_OTLP_METRICS_PROTOCOL = "http/json" for METRICS; must be grpc`: {
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json",
		},
		"observe: OTEL_TRACES_EXPORTER = \"console\"; must be otlp or none\n" +
			"observe: OTEL_METRICS_EXPORTER = \"prometheus\"; must be otlp or none": {
			"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "prometheus",
		},
	} {
		without(t, set)
		if _, err := observe.Start(t.Context(), observe.Config{}); err == nil || err.Error() != want {
			t.Errorf("error = %v; want %s", err, want)
		}
	}
}

// What is wrong with the attributes of all services is said with the variable's name.
func TestAttributesThatCannotBeRead(t *testing.T) { //nolint:paralleltest // it sets the environment
	without(t, map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "color"})
	p, err := observe.Start(t.Context(), observe.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Service(t.Context(), "edge"); err == nil || !strings.HasPrefix(err.Error(), `observe: edge: OTEL_RESOURCE_ATTRIBUTES = "color": `) {
		t.Errorf("error = %v", err)
	}
}

// However many services there are, that the receiver is away is said once.
func TestShutdownWithoutTimeSaysSoOnce(t *testing.T) { //nolint:paralleltest // it sets the environment
	without(t, map[string]string{"OTEL_TRACES_EXPORTER": "otlp"})
	p, err := observe.Start(t.Context(), observe.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge", "dashboard", "orders"} {
		if _, err := p.Service(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Shutdown(ctx); err == nil || err.Error() != "observe: shut down: context canceled" {
		t.Errorf("error = %v", err)
	}
}

// The specification has true in any case.
func TestDisabled(t *testing.T) { //nolint:paralleltest // it sets the environment
	without(t, map[string]string{"OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "zipkin"})
	if _, err := observe.Start(t.Context(), observe.Config{}); err != nil {
		t.Errorf("error = %v; want none", err)
	}
}

// Without a word of the environment nothing leaves, and Prometheus still finds the
// metrics of each service, by its name.
func TestMetricsAreScraped(t *testing.T) { //nolint:paralleltest // it sets the environment
	without(t, nil)
	var records bytes.Buffer
	p, err := observe.Start(t.Context(), observe.Config{Records: slog.NewTextHandler(&records, nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge", "dashboard"} {
		s, err := p.Service(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := p.Service(t.Context(), name); again != s || err != nil {
			t.Errorf("%s is made twice: %v", name, err)
		}
		rules, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
			breaker.Each(breaker.Config{ConsecutiveFailures: 1}),
		}}}, s.Rules()...)
		if err != nil {
			t.Fatal(err)
		}
		_ = rules.Resolve(&policy.Call{Method: "/a.B/C"}).Run(t.Context(), "call", func(context.Context) error { return errors.New("down") })
	}
	answer := httptest.NewRecorder()
	p.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, want := range []string{
		`afloat_local_calls_total{afloat_operation_name="call",afloat_verdict="failure",service_name="dashboard"} 1`,
		`afloat_local_calls_total{afloat_operation_name="call",afloat_verdict="failure",service_name="edge"} 1`,
	} {
		if !slices.Contains(strings.Split(answer.Body.String(), "\n"), want) {
			t.Errorf("no %s in\n%s", want, answer.Body)
		}
	}
	if !strings.Contains(records.String(), "service=edge") || !strings.Contains(records.String(), "service=dashboard") {
		t.Errorf("records:\n%s", records.String())
	}
	if err := p.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
