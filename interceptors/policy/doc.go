// Package policy is the contract between afloat's gRPC adapters and the
// policies that guard a call: circuit breakers, bulkheads, rate limits,
// timeouts, injected faults, and your own.
//
// A [Policy] decides whether a call may start and learns how it ended:
//
//	Acquire(ctx, call) ── admitted ──▶ Permit ── the call runs ──▶ Settle(outcome)
//	                   └─ refused ───▶ *Rejection, a proper gRPC status
//
// Three of gRPC's four interceptors wrap the whole call: they return when it
// ends. A client stream interceptor returns when the stream opens. Acquire and
// Settle cover all four, so every policy works on unary calls and streams, in
// clients and servers. [Do] puts any other function under a policy.
//
// # Order
//
// A call's policies form a flat [Chain] of at most [MaxPolicies]. [NewChain]
// sorts them by [Layer], outermost first, whatever order they were given in:
//
//	timeout → breaker → bulkhead → rate limit → custom → fault → the call
//
// When an inner policy refuses, the permits of the outer ones are settled as
// [NotStarted], so a full bulkhead never opens a breaker. Faults stand in for
// the dependency, so their delays and errors are outcomes, not refusals.
//
// # Lent
//
// The [Call] that a policy is asked about and the [Outcome] that it hears of are lent:
// they must not be kept after the method returns, since they become those of another
// call. [Call.Copy] makes a call one's own, and an outcome can be copied as it is. The
// same holds for an [Observer]. Run tests of a policy with the race detector, which
// finds what was kept.
//
// # Exactly once
//
// Every permit is settled exactly once, innermost first, however the call ends:
// with a result, an error, a panic or runtime.Goexit, or as a stream that is
// never read to its end.
//
// # Status codes
//
// These are the codes of refusals, by reason, and what the codes of finished
// calls mean to a policy that counts failures (see [Classify]):
//
//	CIRCUIT_OPEN                           UNAVAILABLE
//	BULKHEAD_FULL, QUEUE_TIMEOUT           RESOURCE_EXHAUSTED
//	RATE_LIMITED                           RESOURCE_EXHAUSTED
//	DEADLINE_TOO_NEAR                      DEADLINE_EXCEEDED
//	CANCELLED                              CANCELLED
//
//	failure   UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN, DATA_LOSS
//	shed      RESOURCE_EXHAUSTED, and a peer's refusals with the code of their reason
//	ignored   CANCELLED, and refusals here
//	success   every other code: the dependency answered
//
// Shed load is ignored by a breaker as long as the dependency does some work too.
//
// This package does not retry, hedge or balance load, and contains no policy
// itself.
package policy
