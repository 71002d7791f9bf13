// Package fault delays or fails a chosen share of calls on purpose, to see
// whether timeouts, breakers and fallbacks do what they should: in a test, in a
// staging system or, with care, in production. It follows gRFC [A33].
//
// A call is delayed first, then failed, each at random and independently: with
// both shares at 0.5, a quarter of the calls are both delayed and failed. A
// delay ends early when the call's context ends, which also ends the call: a
// delay of an hour looks like a dependency that hangs. Calls past MaxActive are
// left alone.
//
// # On and off
//
// [Fault.Update] changes the faults at any time; the zero [Config] switches
// them off. For that, make one Fault with [New] and put it into rules with
// [rules.Use]. Rules may drop the policies that [Each] makes while they are
// idle, and make them anew from the template.
//
// # Order
//
// Faults are innermost and stand in for the dependency: the call counts as
// started, so that a breaker sees a delay as slowness and an error as the
// outcome. The error is not a policy.Rejection but a status with the chosen
// code and an ErrorInfo with the reason FAULT_INJECTED.
//
// # Streams
//
// A fault strikes a stream before any traffic, as in A33, or after the first
// AfterMessages messages, counted in both directions together. The next message
// is then delayed or ends the stream. It has crossed the wire by then, so other
// policies have seen it. If a stream has only one reply, that reply ends the
// stream and is not delayed.
//
// # Headers
//
// With Headers set, only calls that ask for a fault get one. They ask with the
// metadata of A33, which a client sends and a server receives:
//
//	x-envoy-fault-delay-request              milliseconds
//	x-envoy-fault-delay-request-percentage   0 to 100
//	x-envoy-fault-abort-grpc-request         a status code as a number, 1 to 16; above that: UNKNOWN
//	x-envoy-fault-abort-request-percentage   0 to 100
//
// The keys are end to end, as in A33: afloat neither removes nor forwards them. A handler
// that forwards its caller's metadata asks the services below for the same fault.
//
// Delay, DelayShare and AbortShare are then the most that a call may ask for:
// larger values are reduced to them. Malformed values are ignored, as in A33.
// If a key has several values, the last one counts. Do not set Headers on a
// server that strangers can reach. To inject faults both with and without
// Headers, use two policies.
//
// # Not as in A33
//
// This package also works on servers, after messages, and under policy.Do.
// MaxActive is per Fault, not per process. OK cannot be injected. HTTP statuses
// (x-envoy-fault-abort-request) and response rates are not supported.
//
// [A33]: https://github.com/grpc/proposal/blob/master/A33-Fault-Injection.md
package fault
