// Package ratelimit caps calls per second, as a policy around the token bucket
// of golang.org/x/time/rate. A call takes a token. With MaxWait it waits for
// one if that is soon enough for MaxWait and for its deadline; else it is
// refused at once, with the time at which there will be a token.
//
// It limits what one process sends or serves. It is for a dependency with a
// quota, or for the way to a database when the cache in front of it is gone.
//
// # Order
//
// Rate limits stand inside bulkheads: a call that waits for a token has a place,
// and one without a place takes no token.
//
// # Streams
//
// A stream takes one token, when it opens. Its messages are not counted.
//
// This package does not share a limit between processes and does not adapt it.
package ratelimit
