// Story tells what users see of a fault, by how the calls are guarded. A page
// needs five backends, over gRPC in memory. 400 pages a second are asked for, at
// random, whether or not the earlier ones have been answered. Each backend takes
// 2 ms and then some, until one of them hangs for 5 s, fails always, or slows from
// 7 to 200 ms, for ten seconds.
//
//	go run ./story [-fault hangs] [-seed 1]
//
// Each source has 250 ms; without protection it has the 2 s that a user waits. A
// page is a success if it comes within 300 ms with everything that healthy
// backends have for it. All circuits stay open for 5 s at first. Recovered after tells
// when the sick backend last gave nothing after it was well again. Gobreaker is there
// with the semaphore's refusals left out of its counts, and with them counted. The
// systems run one after the other, in real time; the test runs afloat's in virtual time.
package main
