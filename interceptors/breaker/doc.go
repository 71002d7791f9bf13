// Package breaker refuses calls to a dependency that keeps failing, so that
// callers get an answer at once and the dependency gets time to recover.
//
//	          evidence              a good probe                 SlowStart
//	closed ─────────────▶ open ────────────────▶ half-open ─────────────▶ closed
//	                       ▲                         │ 10, 25, 50 % of the calls
//	                       └──── calls fail again ───┘
//
// # When it opens
//
// Without any setting, a circuit opens on evidence that it is worth more than the calls it
// refuses. It opens for a run of failures that is no chance for a dependency that failed as
// often as this one did: 8 in a row if it was well, 15 if nothing is known, 32 if 60 % of
// its calls failed. It opens if nine of ten calls fail, and if nothing is answered for half
// of the time that a caller has (2 s at most, and at least twice as long as healthy
// calls take, as it has learned): so a dependency that hangs is cut off before any call to
// it has ended. If one of them is answered after all, it closes again. FailureRatio,
// ConsecutiveFailures and SlowAfter set thresholds by hand.
//
// A slow answer is an answer. Where answers take much longer than they usually do, or
// nothing is answered for longer than is usual, the circuit is [Slow]: only callers who have
// something else are refused, as package fallback, package fanout and
// [policy.WithAlternative] say. With SlowAfter or SlowRatio set, slow calls open it like
// failed ones, and so does the first silence.
//
// # How it comes back
//
// An open circuit lets one call in now and then as a probe. After a good one, 10 %, 25 % and
// 50 % of the calls pass, each for a third of SlowStart, and then all. Where they fail
// again, the share steps back, or the circuit opens again. A call that meets the breaker
// again inside itself shares its probe. Once a probe is due nobody is told that calls are
// refused: see [Breaker.State] and [Breaker.WouldAdmit].
//
// # What counts
//
// See [policy.Evidence] and [policy.Classify], which [WithClassifier] replaces. A refusal by
// an inner policy does not count, nor does a call that was not sent; such a probe gives its
// slot back. A call that ran out of time does not count if most healthy calls of the method
// would have, or, while that is not known, if it had less than 10 ms, or 10 s and more that
// its caller did not set; nor if this very process saw much too late that it was over,
// because it stood still. Calls that fail because one connection broke are one failure.
// docs/what-counts.md has all of it.
//
// A call that the dependency shed (see [policy.Shed]) does not count either, as long as
// the dependency answers others. Once it has
// answered none for [SheddingLimit] while it shed calls, each further one that it sheds
// counts as a failure, for a probe too. A breaker that opens for this probes after an
// eighth of OpenFor, then after a quarter, and so on up to OpenFor, unless the dependency
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
