// Package fault delays or fails a chosen share of calls, on purpose: to see in a
// test, a staging system or a careful hour of production whether timeouts,
// breakers and fallbacks do what they should. It follows gRFC [A33].
//
// A call is delayed first, then failed, each by a throw of its own dice: with
// both shares at 0.5 a quarter of the calls are both. A delay ends early when
// the call's context ends. Faults can be changed and switched off at any time
// with [Fault.Update].
//
// # Order
//
// Faults are innermost and stand in for the dependency: the call counts as
// started, so that a breaker sees its delay as slowness and its error as the
// outcome. The error is a plain status, not a policy.Rejection.
//
// # Streams
//
// Faults hit a stream before its first message or, with AfterMessages, once so
// many messages have gone by in both directions together.
//
// # Headers
//
// With Headers set, only calls that ask for a fault get one, by the metadata
// that A33 names:
//
//	x-envoy-fault-delay-request              milliseconds
//	x-envoy-fault-delay-request-percentage   0 to 100
//	x-envoy-fault-abort-grpc-request         a status code as a number
//	x-envoy-fault-abort-request-percentage   0 to 100
//
// Delay, DelayShare and AbortShare are then the most that a call may ask for.
// What is malformed is ignored, as A33 says. Do not set it on a server that
// strangers can reach.
//
// [A33]: https://github.com/grpc/proposal/blob/master/A33-Fault-Injection.md
package fault
