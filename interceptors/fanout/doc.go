// Package fanout asks several sources at once and fills one response with what they
// answer, on time and partially if need be, with every field marked that is not as
// it should be. See package degrade for the markers.
//
// A [Plan] is made once, when the program starts, which checks it against the
// response's message; a handler gathers:
//
//	plan, err := fanout.NewPlan("GetDashboard",
//		fanout.Required("user", s.user, (*pb.Dashboard).SetUser),
//		fanout.Optional("metrics", fanout.RPC(metrics.Get, metricsRequest), (*pb.Dashboard).SetMetrics).
//			Timeout(200*time.Millisecond),
//		fanout.Optional("products", s.personalized, (*pb.Dashboard).SetProducts).
//			Fallback("recently viewed", s.recentlyViewed).
//			Default(s.popular),
//	)
//	…
//	resp := &pb.Dashboard{}
//	_, err := plan.Gather(ctx, req, resp)
//	return resp, err
//
// # On time
//
// The plan owns the time: sources have until the caller's deadline less a reserve
// for what comes after them, and the response leaves then, whatever they do. What
// has arrived by then is in it, and so are defaults whose turn has not come: they are
// waited for, but no longer than half of the reserve. A source that ignores its
// context is left behind: its late value is dropped, and how many of it run is bounded.
// A panic and runtime.Goexit are failures of the source, with INTERNAL to the caller
// and the stack to the log.
//
// # Without races
//
// Sources only return values. The setters run on the goroutine that gathers, in the
// order of the plan, before Gather returns; after that nothing writes to the
// response. The request must not be written to: a source that was left behind may
// still read it.
//
// # What is marked
//
// A failed optional source leaves its field missing; one whose fallback answered
// leaves it substituted, stale or defaulted. The reason is that of the source
// itself, and a refusal by a policy of a guarded connection is told from a failure.
// NOT_FOUND is an answer. What the calls of a source report of their own responses
// is said of its field, see [Field.Embed]; only the attempt counts that answered in
// the end.
//
// # Who hears of it
//
// An [Observer] hears of every step of every source: when it begins, how it ended, that
// it was left behind, that it is late. It is told what a run came to after that. The
// same value may observe the chains and clients of package fallback.
//
// # Streams
//
// A handler of a stream may gather for each message it sends; what a plan says goes
// into the message, if it has a field for it, and into the stream's trailer.
//
// # What it does not do
//
// It does not order sources that depend on each other: gather twice. It retries
// nothing. It cannot stop a function that ignores its context.
package fanout
