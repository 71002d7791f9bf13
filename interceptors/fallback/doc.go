// Package fallback answers from elsewhere when a dependency fails: from another
// source, with the last good answer, or with a fixed value. Every such answer
// is marked as one, see package degrade.
//
// A [Chain] is for any function:
//
//	profile, err := fallback.New("profile",
//		fallback.To("profile service", fetch).Timeout(200*time.Millisecond),
//		fallback.To("cache", fromCache),
//		fallback.Default(anonymous))
//	answer, err := profile.Do(ctx, id)
//
// [Methods] are for the unary calls of a gRPC connection, without any change to the
// code that makes the calls; interceptors.WithFallbacks installs them:
//
//	getUser := fallback.For[*pb.GetUserRequest, *pb.User](pb.UserService_GetUser_FullMethodName)
//	users, err := fallback.NewMethods(target,
//		getUser.Else(
//			getUser.LastGood(store, fallback.KeyBy(user)),
//			fallback.To("database", read).Guard(limit)))
//
// A source of a plan of package fanout takes the same steps. A [Step] is a value, with
// its own timeout, needs, guards and bound.
//
// # When a fallback is used
//
// A fallback is used after a failure of the dependency (UNAVAILABLE,
// DEADLINE_EXCEEDED, INTERNAL, UNKNOWN, DATA_LOSS), after RESOURCE_EXHAUSTED,
// and after a refusal by a policy of this process, unless the caller has
// cancelled. Any other code is the dependency's answer, which a fallback must
// not override: NOT_FOUND stays NOT_FOUND, and a caller without permission gets
// no cached copy. The When of a [Config], of a [Method] and of a plan's source changes
// this rule. It does not hold for the fallbacks themselves: after any error of one,
// such as a cache miss, the next is tried.
//
// Where the rule of a method's calls has conditions, see package condition, [Methods] go by
// what they say. After a call that is a failure by one, the fallbacks are tried: also after
// an answer that says in a field that it is none, which is not kept as the last good one
// either. If no fallback has an answer, the caller gets that one. After a call that is a
// success by one, they are not tried. PERMISSION_DENIED and UNAUTHENTICATED stay what they
// are, whatever a condition says. A function of a chain or of a plan asks by policy.Tell
// what the rule says of its call.
//
// # Whose answer it is
//
// A value that was kept is somebody's. [Method.LastGood] has to be told who may be given
// it: whoever has the same key ([KeyBy]), or everybody ([SameForAll]). Without one or the
// other, [NewMethods] fails. [LastGood], for chains and plans, takes a function that says all
// on which the value depends. A step made with [To], [Stale] or [Default] has a function
// that decides for itself: if it reads a cache, that cache's keys must have all on which
// the value depends, the caller included, and not the request alone. The context that it
// gets has the values of the caller's, so it can tell who is asking. The same holds for
// fallbacks of a plan's sources, and for a function that lets concurrent calls share one
// result.
//
// # Time
//
// A fallback is useless if no time is left for it. So each step reserves, of the
// time that is left, a quarter for every step after it, but at most half in all.
// For a step with [Step.Needs], it reserves that time instead of the quarter;
// for a [Default], 5 ms at most. Without a deadline, only [Step.Timeout] bounds a
// step. A step of a Chain that ignores the end of its share is left behind, and
// its late value is dropped; at most [Step.MaxRunning] of each step may run,
// including those left behind. A step that cannot end in time is not started.
//
// # What falls back together
//
// A fallback that needs what has just failed will fail too. [New] rejects a step
// that shares a policy with another step, and [NewMethods] rejects a connection to
// the very target that it is meant to replace. Prefer fallbacks that do less than
// what they replace, and exercise them: a fallback that is never used will be
// broken when it is needed.
//
// # Streams
//
// Streams have no fallbacks: messages that were already received cannot be
// taken back.
package fallback
