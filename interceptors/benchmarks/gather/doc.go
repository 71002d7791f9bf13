// Gather compares a plan of package fanout with what else gathers the answers of
// several sources in Go: errgroup, conc, go-zero's mr, failsafe-go, and two ways
// that are often written by hand.
//
//	go run ./gather [-rounds 50] [-slice 10ms]
//
// The first table is about three sources, two of which answer after 5 ms, and a
// deadline of 50 ms: what comes back, and when, if the third fails, ignores its
// context, panics, or panics late. Each is run in a process of its own, because
// some do not live to tell. The second is about results that are there when the
// time is over, the third about what it costs to ask sources that answer at once.
package main
