// Package pressure measures how close this process is to more work than it can do: one
// number between 0, nothing waits, and 1, what comes now will be late or refused. It
// rises before anybody is refused, so it is what to act on early: leave out what an answer
// can do without, stop prefetching, ask other services for less.
//
// Nothing has to be set and no service time be known, since it is read from what shows
// that work waits:
//
//   - the scheduler: how long goroutines that could run wait for a processor, from
//     runtime/metrics;
//   - memory: how much of GOMEMLIMIT is in use, if there is one;
//   - the controllers of package overload, each of which reports how long calls wait in
//     its queue and how much of what came it refused.
//
// [Level] is the greatest of them. It reads the clock and, at most twenty times a second,
// the runtime's metrics; in between it costs as much as a few loads.
//
//	if pressure.Level() > 0.5 {
//		return page.WithoutRecommendations()
//	}
package pressure
