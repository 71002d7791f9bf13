// Package misuse tells of what a program does with this toolkit that cannot be meant, and
// that nobody could know when it was put together: a mark on a field that the response does
// not have, a connection that is guarded twice.
//
// What can be known at construction is an error there. The rest is told here when it
// happens: the first time that something is misused in one place, slog.Default() has a
// warning that says where, what is wrong and what to do; each time counts, see [Counts],
// which package telemetry shows as the metric afloat.misuses. Nothing else changes: a call
// gets the answer that it would get anyway.
//
// In tests, [Fail] makes each misuse a failure:
//
//	func TestPages(t *testing.T) {
//		misuse.Fail(t)
//		...
//
// All of it is of the whole process, since a misuse has no owner. All functions are safe
// for concurrent use.
package misuse
