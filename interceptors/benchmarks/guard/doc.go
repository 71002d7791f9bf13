// Guard measures what a guarded call costs beside what the same guard costs with
// gobreaker and a semaphore and with failsafe-go, and beside no guard: a call by
// itself, by rules of code and by a ruleset, with telemetry, a stream by itself, and
// a call end to end over gRPC.
//
//	go run ./guard [-rounds 8] [-slice 50ms]
//
// The last lines set what the project promises beside what was measured.
package main
