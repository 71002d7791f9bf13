// Package observe gives each service of the example its OpenTelemetry providers, as
// if it were a process of its own, and a telemetry observer that reports to them.
//
// Traces, metrics and logs leave by OTLP over gRPC when the standard variables of
// OpenTelemetry ask for it: OTEL_EXPORTER_OTLP_ENDPOINT and the like. The exporters
// read them themselves. Metrics can always be scraped by Prometheus, from the
// handler that [Providers.Metrics] returns.
package observe
