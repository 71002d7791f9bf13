// Package policy is the contract between afloat's gRPC adapters and the
// policies that guard a call: circuit breakers, bulkheads, rate limits,
// timeouts, injected faults, and those that users write.
//
// A [Policy] decides whether a call may start and learns how it ended:
//
//	Acquire(ctx, call) ── admitted ──▶ Permit ── the call runs ──▶ Settle(outcome)
//	                   └─ refused ───▶ *Rejection, a proper gRPC status
//
// Three of gRPC's four interceptors wrap a call that returns when it ends. A
// client stream interceptor returns when the stream opens. Acquire and Settle
// cover all four, so the adapters are written once and every policy works on
// unary calls and on streams, in clients and in servers. [Do] puts any other
// function under a policy.
//
// # Order
//
// A call's policies are a flat [Chain] of at most [MaxPolicies]. NewChain puts
// them in order by their [Layer], whatever order they were given in, the
// outermost first:
//
//	timeout → breaker → bulkhead → rate limit → custom → fault → the call
//
// A refusal further in settles the outer permits as [NotStarted]: a full
// bulkhead never opens a breaker. Faults stand in for the dependency, so their
// delays and errors are outcomes, not refusals.
//
// # Exactly once
//
// Every permit is settled exactly once, the innermost first, however the call
// ends: a result, an error, a panic, runtime.Goexit, a stream that nobody
// reads to its end.
//
// # Rules
//
// [Rules] find the chain of a call by its method. Patterns are, from the
// closest to the widest: "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" and
// "*". The closest one alone applies; rules do not add up. A rule may be for single
// targets and sides. Shadow rules, which only watch, are found apart and lie beside.
// [Rules.Apply] puts other rules in their place, and policies go on.
//
// # Status codes
//
// What a refusal looks like to a caller, and how a failure-counting policy
// reads the codes of finished calls (see [Classify]):
//
//	CIRCUIT_OPEN                           UNAVAILABLE
//	BULKHEAD_FULL, QUEUE_TIMEOUT           RESOURCE_EXHAUSTED
//	RATE_LIMITED                           RESOURCE_EXHAUSTED
//	DEADLINE_TOO_NEAR                      DEADLINE_EXCEEDED
//	CANCELLED                              CANCELLED
//
//	failure   UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN, DATA_LOSS
//	ignored   CANCELLED, RESOURCE_EXHAUSTED, rejections, a remote full bulkhead
//	success   every other code: the dependency answered
//
// This package does not retry, hedge or balance load, and holds no policy of
// its own.
package policy
