// Package endtoend runs the shop as a person and as an operator do, and looks at
// what comes out: at its page in a real browser, at its metrics in a real Prometheus,
// with the queries of the Grafana dashboard and the alerts that come with it, and at its traces,
// metrics and logs in a real OTLP receiver.
//
// The operators' page of package page is looked at there too, with thousands of methods, in a
// wide window and on a telephone. AFLOAT_AXE is where axe.min.js is, which finds what is not
// accessible; without it that is not looked at.
//
// It has tests only. Those that need a program which is not there, chromium or
// prometheus, are skipped and say so; with the environment variable
// AFLOAT_REQUIRE_PROGRAMS=1 they fail, which is how CI runs them.
package endtoend
