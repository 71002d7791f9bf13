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
// A refusal says when there will be a token for the call. Waiting calls are
// served in order of arrival. A call that gives up has taken nothing: all calls
// behind it move up.
//
// It limits what one process sends or serves. Use it for a dependency with a
// quota, or to protect a database when the cache in front of it is gone.
//
// # Order
//
// Rate limits are inside bulkheads (see [policy.Layer]): a call that waits for a
// token holds a place, and a call without a place takes no token. A token is
// spent when the call is admitted; a refusal by an inner policy does not give it
// back.
//
// # Streams
//
// A stream takes one token when it opens. Its messages are not counted.
//
// # Shadow
//
// With Shadow, a limiter admits every call at once and counts those that it
// would have refused, to try out a configuration.
//
// # Limits
//
// This package does not share a limit between processes, weigh calls or adapt
// its limit. The number of waiting calls is bounded only by PerSecond ×
// MaxWait: where that is a lot, put a bulkhead outside.
package ratelimit
