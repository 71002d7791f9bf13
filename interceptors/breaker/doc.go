// Package breaker refuses calls to a dependency that keeps failing, so that
// callers get an answer at once and the dependency gets time to recover.
//
//	closed ── trips ──▶ open ── after OpenFor, at the next call ──▶ half-open
//	  ▲                  ▲                                            │  │
//	  │                  └──── a probe fails, is slow, or hangs ──────┘  │
//	  └──────────────────── SuccessesToClose probes succeed ─────────────┘
//
// A closed breaker trips on any of these: the share of failed calls in a
// sliding window; a run of failures; with SlowAfter, the share of calls that
// failed or were slow, in the window or in the last full second; and, also with
// SlowAfter, calls still in flight past it, so that a dependency that hangs is
// cut off before any call to it has ended. A success that was not slow never
// trips it.
//
// # What counts
//
// See [policy.Evidence] and [policy.Classify], which [WithClassifier] replaces. A refusal by
// an inner policy does not count, nor does a call that was not sent; such a probe gives its
// slot back. A call that ran out of time does not count if most healthy calls of the method
// would have, or, while that is not known, if it had less than 10 ms, or 10 s and more that
// its caller did not set. Calls that fail because one connection broke are one failure.
// docs/what-counts.md has all of it. Neither does a call that the dependency shed (see [policy.Shed]), as long as it answers others. Once it has
// answered none for [SheddingLimit] while it shed calls, each further one that it sheds
// counts as a failure, for a probe too. A breaker that opens for this is open for an
// eighth of OpenFor, then for a quarter, and so on up to OpenFor, unless the dependency
// asks for more: it is alive, and answers fast. An answer ends that time, and so does a
// minute without a call that was shed, other than one for which the breaker was open for
// this. Failures, and calls that are ignored, do not end it. Time in
// afloat's own queues does not count: slow, overdue and probe times run from
// when the call started. A result that arrives after the breaker has left the
// state in which the call began changes nothing.
//
// Go handlers that return plain errors send UNKNOWN, which counts as a failure.
//
// # Streams
//
// A stream is one call with one verdict, at its end. Its first response message
// decides whether it was slow, and for a probe whether it succeeded. Slowness
// is judged only where the wait is the dependency's: on unary calls and server
// streams, not on client or bidirectional streams, whose pace the client sets.
// A stream that showed a sign of life, lived longer than StreamGrace and ended
// UNAVAILABLE or with a reset is ignored, and so is one whose server had announced the end
// of the connection: this is how long streams end when a server is redeployed or reaches
// its maximum connection age, or a proxy its own timeout. So is the deadline of a stream
// that had sent a message or a header.
//
// # What it does not do
//
// A breaker does not retry, does not watch single addresses (see gRFC A50,
// outlier detection), and does not share its state between processes. It needs
// no goroutine and no timer: it checks the time when a call comes.
package breaker
