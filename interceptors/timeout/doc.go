// Package timeout bounds how long a call may take.
//
// A unary call has one deadline: Default if the caller set none, Max if the
// caller's is later. An earlier deadline of the caller is left alone and costs
// nothing. A call that runs out of time ends with gRPC's own DEADLINE_EXCEEDED.
//
// # Streams
//
// A stream may rightly live for days, so it ignores Default and Max and has no
// deadline unless its caller sets one. It can be bounded in three other ways:
//
//	FirstMessage   from the start to the first response message
//	Idle           from the start or any message, sent or received, to the next
//	Total          from the beginning to the end
//
// FirstMessage is for streams with several responses: on a client stream the only
// response is also the end. Total is not sent to the server as a deadline. A bound that
// cannot take effect before the caller's own deadline costs nothing. A stream that runs
// out of time ends with [ErrFirstMessage], [ErrIdle] or [ErrTotal], each a
// DEADLINE_EXCEEDED that a breaker counts as a failure. On a server, the handler's
// context ends and its blocked RecvMsg returns; the client gets the error whatever the
// handler returns. A blocked SendMsg is not interrupted: use keepalive against peers
// that do not read.
//
// # Order
//
// Timeouts are outermost, so that the deadline of a unary call and Total
// include the time in a bulkhead's queue. FirstMessage and Idle run from when
// every policy has admitted the stream.
//
// This package does not retry, and does not pass unused time on to other calls.
package timeout
