// Package timeout bounds how long a call may take.
//
// A unary call has one deadline: Default if the caller set none, Max if the
// caller's is later. An earlier deadline of the caller is left alone and costs
// nothing. A call that runs out of the time that this package gave it ends with
// [ErrDefault] or [ErrMax], whose text names the limit and its rule; one that runs out of
// its caller's own time ends with gRPC's DEADLINE_EXCEEDED as ever. A DEADLINE_EXCEEDED
// that the server sends before that stands.
//
// # Streams
//
// A stream may rightly live for days, so it ignores Default and Max and has no
// deadline unless its caller sets one. It can be bounded in three other ways:
//
//	FirstMessage   until the first response message
//	Idle           while the stream's user waits for its peer, without a message
//	Total          from the beginning to the end
//
// Idle counts only time inside of RecvMsg, SendMsg or Header: what the user of the
// stream does between them is no fault of its peer. A user that never calls again is
// bounded by Total alone. FirstMessage counts the same on a client; on a server it runs
// from the start, because all of that time is the handler's. It is for streams with
// several responses: on a client stream the only response is also the end. Total is not
// sent to the server as a deadline. A bound that cannot take effect before the caller's
// own deadline costs nothing.
//
// A stream that runs out of time ends at that instant with [ErrFirstMessage], [ErrIdle]
// or [ErrTotal], each a DEADLINE_EXCEEDED that a breaker counts as a failure. On a
// server the client gets the error whatever the handler returns, the places of the
// stream are free, and SendMsg and RecvMsg return the error, those too that are blocked
// by a peer that does not read. A handler that does not notice runs on without its
// stream; such handlers are counted and bounded, see interceptors.Overruns. A bounded
// stream on a server costs a goroutine.
//
// A unary call is not cut like this: its answer is whole or an error, so that one which
// comes late harms nobody, and a goroutine per call would cost every call more than the
// few gain that overstay. A unary method that a proxy forwards as a stream is cut like a
// stream, since its client may never send the request (see interceptors.WithShapes).
//
// # Order
//
// Timeouts are outermost, so that the deadline of a unary call and Total
// include the time in a bulkhead's queue. FirstMessage and Idle begin when every policy
// has admitted the stream.
//
// This package does not retry, and does not pass unused time on to other calls.
package timeout
