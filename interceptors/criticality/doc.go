// Package criticality says how much it matters that a call is answered, and carries that
// from the edge to every call made for it. A server that has more to do than it can
// refuses the least critical calls first, see package overload.
//
// There are four classes, in the words of OpenTelemetry's service.criticality:
//
//	critical  the call earns the money: without it the business stands still
//	high      somebody waits for the answer: the default
//	medium    nice to have: recommendations, counters, what an answer can do without
//	low       nobody waits: prefetching, reports, batches
//
// A call that says nothing is of class high. So there is a class above it, for the few
// calls that must go on whatever happens, and two below, for what can be left out. A
// service that says nothing anywhere treats all its calls alike.
//
// # Who says it
//
// The caller's code, with [With]; the rule for a method, in code, in a file or in the
// options of a .proto file; and the server at the edge for callers that it trusts. What
// was said is copied to every call made under the context, as metadata under [Key], on
// the way through any number of services. On that way a class is only ever lowered:
// whoever knows least about why a call is made must not make it more important.
//
// # Cohorts
//
// Where part of a class must be refused, half of the answers for everybody is worth less
// than all of them for half of the users. [WithCohort] puts a call into one of [Cohorts]
// by a key, such as the user's. All calls made for it keep the cohort, and a server in
// need refuses the lowest cohorts of a class first, which are the same on every server.
package criticality
