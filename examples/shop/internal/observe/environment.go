package observe

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// signals are what there is to export.
type signals struct{ traces, metrics, logs bool }

// asked reads which signals the environment asks for, and reports all variables that
// ask for what cannot be had. See the OpenTelemetry specification, environment
// variables.
func asked() (signals, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return signals{}, nil
	}
	var s signals
	var faults []error
	for _, signal := range []struct {
		name string
		on   *bool
	}{{"TRACES", &s.traces}, {"METRICS", &s.metrics}, {"LOGS", &s.logs}} {
		on, err := askedFor(signal.name)
		*signal.on, faults = on, append(faults, err)
	}
	return s, errors.Join(faults...)
}

// askedFor reports whether a signal is to be exported: if its exporter is otlp, or
// none is named and there is an endpoint.
func askedFor(signal string) (bool, error) {
	exporter := os.Getenv("OTEL_" + signal + "_EXPORTER")
	_, endpoint := first("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	switch exporter {
	case "otlp", "none", "":
	default:
		return false, fmt.Errorf("observe: OTEL_%s_EXPORTER = %q; must be otlp or none", signal, exporter)
	}
	if exporter == "none" || exporter == "" && endpoint == "" {
		return false, nil
	}
	name, protocol := first("OTEL_EXPORTER_OTLP_"+signal+"_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
	if protocol != "" && protocol != "grpc" {
		return false, fmt.Errorf("observe: %s = %q for %s; must be grpc", name, protocol, signal)
	}
	return true, nil
}

// first returns the first of these variables that is set, and its value.
func first(names ...string) (name, value string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}
