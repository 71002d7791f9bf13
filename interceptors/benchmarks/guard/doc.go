// Guard measures what a guarded call costs beside what the same guard costs with
// gobreaker and a semaphore and with failsafe-go, and beside no guard: a call by
// itself, for callers with a deadline and without one, by rules of code and by a
// ruleset, with telemetry; a function; a method's memory; a stream by itself; and a
// call end to end over gRPC.
//
//	go run ./guard [-rounds 100] [-slice 5ms]
//
// It prints one table, which sets what the project promises beside what was measured,
// after about two minutes.
//
// # Promises and aims
//
// Some promises are less than what is aimed at, which is a call at 0.40 of gobreaker's,
// 0.60 with SlowAfter, a refusal at 0.70 of gobreaker's, and 150 ns for the SDK's
// metrics. What a call at 0.45 costs is a look at the clock, a third of it and the same
// for both; three atomics, a fifth; and interfaces, a look-up, a pool and the bookkeeping
// of permits, which only a second way through every call, with concrete calls of known
// policies, would save. SlowAfter looks at the clock twice. A refusal looks once, as
// gobreaker's does, and makes an error that says which method was refused by whom. Of
// what the SDK's metrics cost four fifths are the SDK's own.
package main
