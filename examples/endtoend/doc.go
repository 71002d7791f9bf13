// Package endtoend runs the shop as a person and as an operator do, and looks at
// what comes out: at its page in a real browser, at its metrics in a real Prometheus,
// with the queries of the Grafana dashboard and the alerts that come with it, and at its traces,
// metrics and logs in a real OTLP receiver.
//
// It has tests only. Those that need a program which is not there, chromium or
// prometheus, are skipped and say so; with the environment variable
// AFLOAT_REQUIRE_PROGRAMS=1 they fail, which is how CI runs them.
package endtoend
