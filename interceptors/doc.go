// Package interceptors is afloat's front door: it puts circuit breakers,
// bulkheads, timeouts, rate limits and injected faults around every unary and
// stream call of a gRPC client or server, and carries what is said of degraded
// fields between them.
//
//	rules, err := interceptors.Default()
//	...
//	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules), creds)...)
//
// # Order
//
// One unary and one stream interceptor run all policies of a call, the
// outermost first:
//
//	client: timeout → breaker → bulkhead → rate limit → fault → the call
//	server: timeout → bulkhead → rate limit → fault → the handler
//
// Outside of them stand the interceptors of package degrade, which read and send
// the markers of degraded fields: a handler marks with degrade.Mark or gathers by
// a plan of package fanout, a client asks with degrade.Capture. Outside of those
// stand a client's fallbacks, see [WithFallbacks]. A server whose callers are not to see all of that is
// an [Edge], or [Silent].
//
// They are installed by grpc's WithChain… options, so an interceptor set by
// WithUnaryInterceptor stays, and stands outside. A retry interceptor belongs
// outside too, with [policy.Retriable], so that each attempt is judged and a
// refusal is not retried. The retries of gRPC's own service config lie below
// all interceptors and look like one call.
//
// # Streams
//
// A stream is one call: admitted when it opens, settled once when it ends,
// whichever signal of the end comes first: an error or io.EOF from RecvMsg, an
// error from SendMsg or Header, gRPC's own notice, or the end of the context.
// On a call without server streaming the first RecvMsg ends it. A stream that
// its caller drops without cancelling its context never ends in gRPC; see
// [ReapAbandonedStreams].
//
// # What passes through
//
// Call options, headers, trailers, deadlines, context values and the very error
// value. Only two things change: a refused call gets a *[policy.Rejection], and
// a stream that a policy ended gets that policy's error in place of gRPC's
// CANCELLED.
package interceptors
