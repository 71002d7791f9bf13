// Package interceptors is afloat's front door: it puts circuit breakers,
// bulkheads, timeouts, rate limits and injected faults around every unary and
// streaming call of a gRPC client or server, and carries reports of degraded
// fields from servers to clients.
//
//	rules, err := interceptors.Default()
//	...
//	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules), creds)...)
//
// # Order
//
// One unary and one stream interceptor run all policies of a call, outermost
// first:
//
//	client: timeout → breaker → bulkhead → rate limit → fault → the call
//	server: timeout → bulkhead → rate limit → fault → the handler
//
// Around these sit the interceptors of package degrade, which send and read the markers
// of degraded fields: a handler sets markers with degrade.Mark or with a plan of
// package fanout, and a client reads them with degrade.Capture. A client's fallbacks
// sit outermost, see [WithFallbacks]. A server that must not show its callers all of
// this, nor the errors of the services behind it, uses [WithEdge] or [WithSilence];
// docs/edge.md says what they send, field by field. The edge stands outside the server's
// own guard, so what that refuses says nothing either.
//
// All are installed with grpc's WithChain… options, so an interceptor set with
// WithUnaryInterceptor keeps working and runs outside them. Package retrying puts a retry
// between fallbacks and guard, so that each attempt is judged, a refusal is not repeated,
// and a fallback answers what no attempt does. Retries by gRPC's own service config happen
// below all interceptors and look like one call.
//
// # Identity
//
// To policies a dependency is a target and a method, and a target is the text that was
// given to grpc.NewClient: connections with the same text share circuits, places, rates
// and last good responses, also where a dialer, credentials or a server in this process
// make them differ. [WithConnectionName] tells such connections apart. Different texts are
// different targets, even if they lead to one server.
//
// # Streams
//
// A stream is one call. It is admitted when it opens and settled once, at the
// first sign that it has ended: an error or io.EOF from RecvMsg, an error from
// SendMsg or Header, gRPC's own notification, or the end of its context.
// Without server streaming, the first RecvMsg ends the call. If the caller
// drops a stream without cancelling its context, the stream never ends in gRPC;
// see [WithStreamReaping].
//
// # Proxies
//
// A proxy with grpc.UnknownServiceHandler serves methods that nobody registered and forwards
// each as a stream in both directions. To policies they are that: on its server all of
// them are one unregistered stream, with one set of policies per rule and without breakers; on
// both sides unary calls have the timeouts and places of streams, FirstMessage, Idle, Total
// and MaxStreams, and breakers do not judge how slow a method is, since the pace of such a
// stream may be anybody's. [WithShapes] declares what the methods are, from descriptors or
// by a function, and gives them all that back.
//
// # What passes through
//
// Call options, headers, trailers, deadlines, context values and error values
// pass through unchanged, except where a policy acts: a timeout sets an earlier
// deadline, a refused call gets a *[policy.Rejection], an injected fault has
// its own error, and a call ended by a policy gets that policy's error in place of gRPC's
// CANCELLED or DEADLINE_EXCEEDED (see [policy.Attribute]). A refusal that a server sends, of its own or of a call that
// its handler made, has the trailer grpc-retry-pushback-ms, which gRPC's own retries
// obey: -1 where a repetition would be refused again (see [policy.Reason]), else the time
// to wait if it is known. The interceptors of package degrade add metadata of their own
// and remove metadata with keys that begin with "afloat-", which are for one hop; an edge
// replaces errors; and fallbacks replace the answers of failed calls.
package interceptors
