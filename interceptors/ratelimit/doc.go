// Package ratelimit caps calls per second, as a policy around the token bucket
// of golang.org/x/time/rate. A call takes a token. Without one it is refused,
// or waits its turn if that is soon enough:
//
//	                 ┌ a token, and nobody waits ────────▶ admitted
//	Acquire ─────────┤
//	                 │           ┌ soon enough ─▶ waits ─▶ admitted
//	                 └ no token ─┤                  └─ cancel, MaxWait ─▶ refused
//	                             └ too late for MaxWait, or for the deadline ─▶ refused
//
// A refusal tells when there will be a token for the call. Those who wait are
// served in order of arrival. One that gives up has taken nothing: all behind
// it move up.
//
// It limits what one process sends or serves. It is for a dependency with a
// quota, or for the way to a database when the cache in front of it is gone.
//
// # Order
//
// Rate limits stand inside bulkheads (see [policy.Layer]): a call that waits for
// a token holds a place, and one without a place takes no token. A token is
// spent when the call is admitted; a refusal further in does not bring it back.
//
// # Streams
//
// A stream takes one token, when it opens. Its messages are not counted.
//
// # Shadow
//
// With Shadow it admits every call at once and counts those that it would have
// refused, to try a configuration out.
//
// # Limits
//
// This package does not share a limit between processes, weigh calls or adapt
// its limit. How many calls can wait is bounded by PerSecond × MaxWait alone:
// where that is much, put a bulkhead outside.
package ratelimit
