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
// time is over, the third about what things cost, beside what is promised: plans, Collect
// and lists of what answers at once, plans of RPCs, making a plan, and markers in a
// trailer. Its figures are medians of ratios to the base of the same round, which is the
// row with 1.00, or units of time; the noise is that figure of the base measured twice.
package main
