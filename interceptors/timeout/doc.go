// Package timeout bounds how long a call may take.
//
// A unary call has one deadline: Default where the caller set none, Max where
// the caller set a later one. An earlier deadline of the caller stays as it is
// and costs nothing. A call that runs out of time ends with gRPC's own
// DEADLINE_EXCEEDED.
//
// # Streams
//
// A stream has no deadline unless one is set: it may rightly live for days. It
// can be bounded in three ways of its own, and ignores Default and Max:
//
//	FirstMessage   from the start to the first response message
//	Idle           from the start or any message, sent or received, to the next
//	Total          from the beginning to the end
//
// FirstMessage is for streams with several responses; on a client stream the
// one response is the end. Total is not sent to the server as a deadline. What
// cannot come before the caller's own deadline costs nothing. A stream that runs out of time ends with
// [ErrFirstMessage], [ErrIdle] or [ErrTotal], each a DEADLINE_EXCEEDED that a
// breaker counts as a failure. On a server the handler's context ends, and its
// blocked RecvMsg returns; the client gets the error whatever the handler
// makes of it. A blocked SendMsg is not interrupted: keepalive is for peers
// that do not read.
//
// # Order
//
// Timeouts are outermost, so that waiting in a bulkhead's queue counts too: for
// the deadline of a unary call, and for Total. FirstMessage and Idle run from
// when every policy has admitted the stream.
//
// This package does not retry and does not hand unused time to other calls.
package timeout
