// Package fanout asks several sources at once and fills one response with their
// answers. The response is ready on time, if need be without some of them, and
// every field that is not as it should be is marked. See package degrade for the
// markers.
//
// A [Plan] is made once, when the program starts, and is checked then against
// the response's message. A handler gathers:
//
//	plan, err := fanout.NewPlan("GetDashboard",
//		fanout.Required("user", s.user, (*pb.Dashboard).SetUser),
//		fanout.Optional("metrics", fanout.RPC(metrics.Get, metricsRequest), (*pb.Dashboard).SetMetrics).
//			Timeout(200*time.Millisecond),
//		fanout.Optional("products", s.personalized, (*pb.Dashboard).SetProducts).
//			Else(
//				fallback.To("recently viewed", s.recentlyViewed).Timeout(100*time.Millisecond),
//				fallback.Default(s.popular)),
//	)
//	…
//	resp := &pb.Dashboard{}
//	_, err := plan.Gather(ctx, req, resp)
//	return resp, err
//
// # On time
//
// The plan owns the time: sources have until the caller's deadline, less a reserve for
// what comes after them. Then the response leaves, whatever they do. It has everything
// that has arrived by then, and defaults too: these are waited for, but no longer than
// half of the reserve. A source that ignores its context is left behind: its late value
// is dropped, and the number of such runs is bounded. A panic or runtime.Goexit is a
// failure of the source: the caller sees INTERNAL, and the stack goes to the log.
//
// # Without races
//
// Sources only return values. The setters run on the goroutine that calls
// [Plan.Gather], in the order of the plan, before Gather returns; after that
// nothing writes to the response. Do not write to the request: a source that was
// left behind may still read it.
//
// # What is marked
//
// If an optional source fails, its field is missing; if one of its fallbacks
// answers, the field is substituted, stale or defaulted. The reason is that of the
// source itself, and a refusal by a policy of a guarded connection has a reason of
// its own. NOT_FOUND is an answer, not a failure. What the calls of a source report
// of their own responses counts for its field, see [Field.Embed], but only if made
// by the step that answered in the end.
//
// # What a request can cost
//
// [Elements.MaxKeys] bounds how many elements a run asks for, 1000 unless the plan says
// otherwise, and [Elements.Parallel] how many at once. The keys beyond are counted in one
// marker: they cost no call, no default and no event of an observer. Once the time is
// over, no further element is asked for. A report has at most 500 markers, those of the
// plan's own sources first, whatever its sources and their elements report; what is
// beyond is counted, see [degrade.Report.Dropped]. The functions that return the keys of a
// request are run on goroutines of their own, so that slow ones make no run late.
//
// # Who hears of it
//
// An [Observer] hears of every step of every source: when it starts, how it ends, and
// whether it was left behind or ended late. After that it hears the result of the run.
// The same value may observe the chains and methods of package fallback.
//
// # Streams
//
// A stream handler may gather for each message that it sends. The report goes into
// the message, if it has a field for it, and into the stream's trailer.
//
// # What it does not do
//
// A plan does not order sources that depend on each other: gather twice
// instead. It does not retry, and it cannot stop a function that ignores its
// context.
package fanout
