// Package bulkhead caps the calls in flight to a dependency, so that a slow
// one cannot take every goroutine, connection and byte of memory with it. A
// call beyond the cap is refused, or waits a bounded time in a queue that
// serves in order of arrival:
//
//	                 ┌ a place is free ─────────────▶ admitted
//	Acquire ─────────┤
//	                 │          ┌ seat ─▶ waits ──── place ──▶ admitted
//	                 └ no place ┤           └─ MaxWait, deadline, cancel ─▶ refused
//	                            └ no seat ──────────▶ refused
//
// A waiting call leaves the queue at its own deadline, after MaxWait, or when
// it is cancelled. A call that would have to wait longer than its deadline
// allows is refused at once: before it joins, the time until its turn is
// estimated as
//
//	(calls ahead + 1) / MaxConcurrent × mean hold time
//
// where the mean is taken over the last 32 places given back while a call
// waited or had just been refused for its deadline. With fewer than 8 such
// samples no call is refused this way.
//
// # Order
//
// A bulkhead is inside the breaker and outside the rate limit (see
// [policy.Layer]). Its refusals reach the breaker as not started, so a full
// bulkhead never opens a circuit. An outer timeout bounds the wait as well:
// under a timeout of 1s, a call that waited 400ms has 600ms left.
//
// # Streams
//
// A stream holds its place from before it opens until its end, however many
// messages it carries. Give long-lived streams a bulkhead of their own: with
// [Each], every method has one.
//
// # Size
//
// By Little's law, calls in flight = rate × latency: 200 calls per second of
// 50ms each keep 10 places busy. Set MaxConcurrent to that figure plus some
// headroom. A queue only smooths bursts; in a lasting overload it adds latency.
//
// # Shadow
//
// With Shadow, a bulkhead admits every call at once and counts those that it
// would have refused, to try out a configuration.
//
// # Limits
//
// A bulkhead does not adapt its limit, and does not weigh or rank calls. It
// does not end a call that holds its place too long: that is the job of a
// timeout.
package bulkhead
