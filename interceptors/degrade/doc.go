// Package degrade records which fields of a response are degraded, how and why,
// and carries this from the service where it happens through every tier to the
// client.
//
// A handler that answers without all its data marks the fields that are not as
// they should be:
//
//	degrade.Mark(ctx, "recommendations", degrade.Missing, degrade.ReasonTimeout)
//
// (package fanout does this for it), and a client asks:
//
//	var report degrade.Report
//	page, err := client.GetPage(ctx, req, degrade.Capture(&report))
//	if report.State("recommendations") != degrade.Intact { … }
//
// Both ends need the interceptors of this package, which
// interceptors.DialOptions and interceptors.ServerOptions include.
//
// # Between services
//
// What a handler's own calls report becomes part of its response. A context from
// [Under] says in which field a call's response ends up: under "profile", a
// marker at "avatar" there becomes one at "profile.avatar" here. Without it,
// afloat cannot know what a call's response is used for; if that response is
// degraded, the handler's whole response is [Partial]. [Unused] says that a
// call's response does not matter.
//
// # Paths
//
// A path names a field of a response by the names of its .proto file:
//
//	path  = [ field { "." field | "[*]" | "[" key "]" } ] .
//	field = letter { letter | digit | "_" } .
//	key   = `"` { character | `\"` | `\\` | `\u` hex hex hex hex } `"` .
//
// [*] stands for every element of a repeated field or every value of a map, and
// a key for one value of a map. A key that is a number or a bool is quoted too,
// as Go prints it. The empty path is the whole response. In keys, the quote, the
// backslash and characters that control a terminal or the line are escaped, and
// no others. So every path has only one spelling, paths can be compared as
// strings, and a path is safe to print.
//
// # Fan-outs, caches and test doubles of your own
//
// Handlers and clients need none of this. Code that makes a value in several
// attempts, of which one counts, gives each attempt a [Scope] with [Open], and passes
// on the report of the one that counts with [Merge]; [Report.At] and [Union] put
// reports together. Code that answers calls in place of a server, as a cache or a
// test double of a connection does, asks [RequiresComplete] and hands out its report
// with [Deliver]. A cache keeps only responses that are [Report.Complete].
//
// # On the wire
//
// A partial response has the status OK, because gRPC clients drop the message of
// any other. The markers are in the response itself, in its field of type
// afloat.degrade.v1.Degradation. Without such a field they are in the trailer
// [TrailerKey], in at most [MaxTrailerBytes]: if they do not fit, the names of
// elements and the least severe markers are dropped first, and dropped markers
// are counted. The header [SummaryKey] counts the markers for proxies and logs. A
// failed call has them in the details of its status.
//
// Metadata keys that begin with "afloat-" are for one hop: the interceptors set them or
// remove them, on requests and on responses. What a handler forwards of its caller's
// metadata, or copies from its calls into its own response, does not have them.
//
// Markers from a peer are not trusted: they are bounded in size, number and
// depth, and a path that the response type does not have is cut to the part that
// it has.
//
// # Bounds and costs
//
// A report has at most 500 markers, with 256 KiB of names of elements and of
// sources, however it comes about: read off the wire, from a message that was
// never sent, gathered by a [Scope], or put together with [NewReport] and [Union].
// Markers beyond that are counted by [Report.Dropped], and names beyond it are left
// out. [NewReport] and [Union] keep those of this service before those of others, and of
// both the worst; a scope and whoever reads what a peer sent keep the first. A server
// sends no message with more, in a stream neither.
//
// [Report.State], [Report.Element] and [Report.Age] allocate nothing, and their time
// grows with the logarithm of the number of markers, only for a field with [*] with
// the number of those of single values of that map. Once a scope is full, the
// response of another call costs a look at each of its markers. What this package
// remembers of message types is bounded by the types that are linked into the
// program and 256 others.
//
// # Streams
//
// The report of a stream comes in its trailer and covers all its messages
// together. Nothing is known of a stream that was abandoned before its end.
//
// # What it does not do
//
// This package marks nothing by itself, keeps no values and retries nothing. An
// answer is not a degradation: NOT_FOUND, INVALID_ARGUMENT and PERMISSION_DENIED
// state how things are.
package degrade
