package observe

import "testing"

// What is exported is what the specification has for these variables.
func TestSignalsThatAreAskedFor(t *testing.T) { //nolint:paralleltest // it sets the environment
	const endpoint = "http://localhost:4317"
	all := signals{traces: true, metrics: true, logs: true}
	for name, c := range map[string]struct {
		set  map[string]string
		want signals
	}{
		"nothing":              {nil, signals{}},
		"all":                  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, all},
		"all but one":          {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_METRICS_EXPORTER": "none"}, signals{traces: true, logs: true}},
		"one by its endpoint":  {map[string]string{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": endpoint}, signals{logs: true}},
		"one by its name":      {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, signals{traces: true}},
		"one of another kind":  {map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc"}, signals{metrics: true}},
		"disabled":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "true"}, signals{}},
		"disabled, not really": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "1"}, all},
	} {
		for _, variable := range []string{
			"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER",
			"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
			"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
			"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
		} {
			t.Setenv(variable, c.set[variable])
		}
		if got, err := asked(); got != c.want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}
