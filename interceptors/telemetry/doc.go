// Package telemetry reports what afloat does as OpenTelemetry spans and metrics
// and as log records. It is the only package of afloat that imports
// OpenTelemetry, and it needs only the API, not the SDK.
//
// An [Observer] hears of everything. Pass it wherever rules, clients and plans
// are made:
//
//	tel, err := telemetry.New() // the global providers, slog.Default()
//	rules, err := interceptors.NewRules(own, rules.WithObserver(tel))
//	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules),
//		grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler())))...)
//	server := grpc.NewServer(append(interceptors.ServerOptions(rules),
//		grpc.StatsHandler(otelgrpc.NewServerHandler()))...)
//
// Chains and methods with fallbacks take it as the Observer of their fallback.Config
// and fallback.MethodsConfig, and plans as that of their fanout.Config; all of them
// also report what the guards of steps decide. Policies outside of rules, such as the guards of steps, report
// their changes of state if they are made with it through their own WithObserver;
// [Observer.WatchPolicies] adds metrics of their present states.
//
// # Traces
//
// otelgrpc makes the spans of calls, but does not see calls that a client refuses. So
// this package makes a short span for each of these, with its status and the reason.
// For a call that was let through, the decisions of policies are added to the span
// that otelgrpc makes; on a client, this needs [ClientHandler]. A call that had to
// wait has a span for the wait. Every step of a plan or chain has a span with what
// its own policies decided, and with its own error whether or not a fallback
// answered. A step that ends after it was left behind has a second span, linked to
// the first. The span of a server's call names the degraded fields of its response.
//
// # Metrics
//
// The names begin with "afloat.". There are counters of events, histograms of waiting
// times, and sums of the present state: the states of circuits, the calls in flight
// and waiting, and limits. The present state is read when metrics are collected and
// costs calls nothing. Sets of attributes are made once and kept, for a bounded
// number of methods and other names; the rest counts as "_OTHER".
//
// # Logs
//
// Changes of a circuit's state are logged as warnings, and answers by fallbacks
// at info. Single calls are not logged.
//
// # Streams
//
// A stream is one call, with one refusal or one verdict. Its report of degraded
// fields is the one at its end.
//
// All names are listed in docs/telemetry.md, which a test compares with what is
// emitted.
package telemetry
