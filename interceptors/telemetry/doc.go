// Package telemetry turns what afloat does into OpenTelemetry spans and metrics,
// and into log records. It is the only package of afloat that imports
// OpenTelemetry, and it needs the API only, no SDK.
//
// An [Observer] hears of everything: put it where the things are made.
//
//	tel, err := telemetry.New() // the global providers, slog.Default()
//	rules, err := interceptors.NewRules(own, policy.WithObserver(tel))
//	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules),
//		grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler())))...)
//	server := grpc.NewServer(append(interceptors.ServerOptions(rules),
//		grpc.StatsHandler(otelgrpc.NewServerHandler()))...)
//
// Clients with fallbacks take it by fallback.WithObserver, plans as the Observer of
// their fanout.Config: either hears what the guards of steps decide. For changes of
// state, policies that no rules have, those that guard a step say, take it by their
// own WithObserver; [Observer.WatchPolicies] adds their states.
//
// # Traces
//
// otelgrpc makes the spans of calls, and does not see a call that was refused. So a
// refused call of a client gets a short span here, with its status and the reason.
// What was decided of a call that was let through is said on the span that otelgrpc
// makes: on a server it is there, on a client [ClientHandler] adds it. A call that
// had to wait for its place has a span for the wait. Every step of a plan or chain
// has a span, with what its own policies decided, and with its own error whether or
// not a fallback answered; one that ends after it was left behind has another, linked
// to the first. The span of a server's call names the fields of its response that are
// degraded.
//
// # Metrics
//
// They begin with "afloat." and are counters of what happened, and sums of what is
// at the moment: the states of circuits, the calls in flight and waiting, limits. The
// latter are looked at when metrics are collected and cost calls nothing. Sets of
// attributes are made once and kept, for a bounded number of methods and of whatever
// else has names; the rest counts as "_OTHER".
//
// # Logs
//
// Changes of a circuit's state are warnings, answers of fallbacks are at info. No
// call is logged as such.
//
// # Streams
//
// A stream is one call: one refusal, one verdict. Its report of degraded fields is
// that of its end.
//
// All names are in docs/telemetry.md, which a test compares with what is emitted.
package telemetry
