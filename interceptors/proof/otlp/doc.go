// Package otlp has OpenTelemetry's exporter of spans over gRPC under the built-in rule, and
// the same without it, against a receiver that goes, or that asks for less. It is all in the
// test:
//
//	go test -v .
//
// The exporter makes a unary call for each batch, with a deadline, and repeats it by itself.
package otlp
