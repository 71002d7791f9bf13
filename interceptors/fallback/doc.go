// Package fallback answers from somewhere else when a dependency fails: from
// another source, from the last good answer, with a fixed value. Every such
// answer says so, see package degrade.
//
// A [Chain] is for any function:
//
//	profile, err := fallback.New("profile",
//		fallback.Try("profile service", fetch).
//			Fallback("cache", fromCache).
//			Default(anonymous))
//	answer, err := profile.Do(ctx, id)
//
// A [Client] is for the unary calls of a gRPC connection, by method, with nothing
// changed where they are made; interceptors.WithFallbacks puts it in place.
// Package fanout has the same steps for each source of a response.
//
// # When a fallback is used
//
// After a failure of the dependency (UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL,
// UNKNOWN, DATA_LOSS), after RESOURCE_EXHAUSTED, and after a refusal by a policy
// here. Any other code is the dependency's answer, which no fallback knows
// better: NOT_FOUND stays NOT_FOUND, and who may not read gets no cached copy.
// [Steps.When] and [Method.When] change that. A fallback is no authority: after
// any error of one, a miss of a cache say, the next is tried.
//
// # Time
//
// A fallback that is given no time is none. Each step leaves a quarter of the
// time that is left to every step after it, but half at most; what a step
// [Steps.Needs] takes the place of the quarter. A step of a Chain that ignores
// the end of its share is left behind and its late value dropped; as many as
// [Steps.MaxRunning] of it may run, those left behind among them. What cannot end
// in time is not started.
//
// # What falls back together
//
// A fallback that needs what has just failed will fail too. New refuses a step
// that shares a policy with another one, and NewClient a connection to the target
// that it is the fallback of. Prefer fallbacks that do less than what they stand
// in for, and exercise them: one that is never used is broken when it is needed.
//
// # Streams
//
// Streams have no fallbacks here: what has been received cannot be taken back.
package fallback
