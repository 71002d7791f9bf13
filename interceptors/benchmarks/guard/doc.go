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
package main
