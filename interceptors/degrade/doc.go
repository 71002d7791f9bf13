// Package degrade says which fields of a response are degraded, in what way and
// why, and carries that from the service where it happens through every tier to
// the client.
//
// A handler that answers without all it should have marks what is not as it
// should be:
//
//	degrade.Mark(ctx, "recommendations", degrade.Missing, degrade.ReasonTimeout)
//
// (package fanout does so by itself), and a client asks:
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
// [Under] says at which field a call's response ends up, and a marker at
// "avatar" there becomes one at "profile.avatar" here. Of a call without that,
// afloat cannot know what its response is used for; if it was degraded, the
// whole of the handler's response is [Partial]. [Unused] says that it does not
// matter.
//
// # On the wire
//
// A partial response is an OK: clients of gRPC drop the message of any other.
// The markers are in the response itself, in its field of type
// afloat.degrade.v1.Degradation; without such a field they are in the trailer
// [TrailerKey], in at most [MaxTrailerBytes]: the names of elements and the least
// severe markers go first, and what was dropped is counted. The header
// [SummaryKey] counts them for proxies and logs. A failed call has them in the
// details of its status.
//
// What comes from a peer is not trusted: it is bounded in size, number and depth,
// and a path that the response does not have counts for the part that it has.
//
// # Streams
//
// The report of a stream comes in its trailer and is about all messages together.
// Of a stream that was left before its end nothing is known.
//
// # What it does not do
//
// It marks nothing by itself, keeps no values and retries nothing. An answer is
// no degradation: NOT_FOUND, INVALID_ARGUMENT, PERMISSION_DENIED say what is so.
package degrade
