// Package fault delays or fails a chosen share of calls, on purpose: to see in a
// test, a staging system or a careful hour of production whether timeouts,
// breakers and fallbacks do what they should. It follows gRFC [A33].
//
// A call is delayed first, then failed, each by a throw of its own dice: with
// both shares at 0.5 a quarter of the calls are both. A delay ends early when
// the call's context ends, and so does the call, by that: a delay of an hour is
// a dependency that hangs. Past MaxActive calls are left alone.
//
// # On and off
//
// [Fault.Update] changes the faults at any time, and with the zero Config
// switches them off. For that make one fault with [New] and put it in rules by
// policy.Use: what [Each] makes, rules may drop while it is idle and make anew
// from its template.
//
// # Order
//
// Faults are innermost and stand in for the dependency: the call counts as
// started, so that a breaker sees a delay as slowness and an error as the
// outcome. The error is a status with the chosen code and an ErrorInfo with the
// reason FAULT_INJECTED, no policy.Rejection.
//
// # Streams
//
// A stream has its faults before any traffic, as in A33, or after the first
// AfterMessages messages, those of both directions together. The next message
// is then held up, or ends the stream; it has crossed the wire by that time, so
// to other policies it has come. A reply that is the only one of its stream ends
// the stream and is not held up.
//
// # Headers
//
// With Headers set, only calls that ask for a fault get one, by the metadata
// that A33 names, which a client sends and a server receives:
//
//	x-envoy-fault-delay-request              milliseconds
//	x-envoy-fault-delay-request-percentage   0 to 100
//	x-envoy-fault-abort-grpc-request         a status code as a number, 1 to 16
//	x-envoy-fault-abort-request-percentage   0 to 100
//
// Delay, DelayShare and AbortShare are then the most that a call may ask for:
// more is cut down to that. What is malformed is ignored, as A33 says. Of
// several values of a key the last counts. Do not set it on a server that
// strangers can reach. For faults of both kinds use two policies.
//
// # Not as in A33
//
// It works on servers too, after messages, and under policy.Do. MaxActive
// counts for each Fault, not for the process. OK cannot be injected. HTTP
// statuses (x-envoy-fault-abort-request) and response rates are not read.
//
// [A33]: https://github.com/grpc/proposal/blob/master/A33-Fault-Injection.md
package fault
