// Package breaker refuses calls to a dependency that keeps failing, so that
// callers get an answer at once and the dependency gets time to recover.
//
//	closed ── trips ──▶ open ── after OpenFor, at the next call ──▶ half-open
//	  ▲                  ▲                                            │  │
//	  │                  └──── a probe fails, is slow, or hangs ──────┘  │
//	  └──────────────────── SuccessesToClose probes succeed ─────────────┘
//
// A closed breaker trips on any of: the share of failed calls in a sliding
// window; a run of failures; with SlowAfter, the share of calls that failed or
// were slow, in the window or in the last full second; and calls still in
// flight past SlowAfter, so that a dependency that hangs is cut off before the
// first of its calls has ended. A plain success never trips it.
//
// # What counts
//
// See policy.Classify; [WithClassifier] replaces it. A refusal by a policy
// further in does not count and gives a probe its slot back. Time in our own
// queues does not count: slow, overdue and probe times run from when the call
// started. A result that comes after its state has passed changes nothing.
//
// Go handlers that return plain errors send UNKNOWN, which counts as a failure.
//
// # Streams
//
// A stream is one call with one verdict, at its end. Its first response message
// decides whether it was slow, and for a probe whether it succeeded. Slowness
// is judged only where the wait is the dependency's: on unary calls and server
// streams, not on client or bidirectional streams, whose pace the client sets.
// A stream that delivered messages, lived longer than StreamGrace and ended
// UNAVAILABLE is ignored: servers end long streams so when they are deployed or
// at their maximum connection age.
//
// # What it does not do
//
// It does not retry, does not watch single addresses (see gRFC A50, outlier
// detection), does not share its state between processes, and needs no
// goroutine and no timer: time is looked at when a call comes.
package breaker
