package measure

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Sample is one way of making a call, and what was measured of it.
type Sample struct {
	// Call makes the i-th call. It must be safe for concurrent use.
	Call func(i int)
	// Goroutines call at once, 1 or more.
	Goroutines int

	wall, cpu []float64 // by round
	allocs    float64
	batch     int // how many calls are made between two looks at the clock
	made      int // how many calls a goroutine made in the rounds before
}

// Run measures the samples in turns: rounds times, each for about slice, in every
// round in another order, at random.
func Run(samples []*Sample, rounds int, slice time.Duration) {
	for _, s := range samples {
		s.warmUp()
	}
	inTurns(len(samples), rounds, func(i int) { samples[i].round(slice) })
}

// inTurns gives each of n its turn in each round, in random order.
func inTurns(n, rounds int, turn func(i int)) {
	for range rounds {
		for _, i := range rand.Perm(n) { //nolint:gosec // it is for fairness, not for secrets
			turn(i)
		}
	}
}

// Wall returns the median of the elapsed nanoseconds per call, over all goroutines.
func (s *Sample) Wall() float64 { return median(s.wall) }

// CPU returns the median of the nanoseconds of CPU time per call that the whole
// process used.
func (s *Sample) CPU() float64 { return median(s.cpu) }

// Of returns how long a call took as a share of what one of base took: the median of
// the ratios round by round. Of a sample that does what base does, it is the noise.
func (s *Sample) Of(base *Sample) float64 {
	return median(pairs(s.wall, base.wall, func(own, other float64) float64 { return own / other }))
}

// CPUOf returns the CPU time of a call as a share of base's, like Of.
func (s *Sample) CPUOf(base *Sample) float64 {
	return median(pairs(s.cpu, base.cpu, func(own, other float64) float64 { return own / other }))
}

// More returns by how many elapsed nanoseconds a call took longer than one of base:
// the median of the differences round by round.
func (s *Sample) More(base *Sample) float64 {
	return median(pairs(s.wall, base.wall, func(own, other float64) float64 { return own - other }))
}

// Allocs returns the mean number of allocations per call.
func (s *Sample) Allocs() float64 { return s.allocs }

// round makes calls for about slice.
func (s *Sample) round(slice time.Duration) {
	var all sync.WaitGroup
	counts := make([]int, s.Goroutines)
	first := s.made // so that short rounds reach all methods in the end
	used, begin := cpuTime(), time.Now()
	for g := range s.Goroutines {
		all.Go(func() {
			n := 0
			for time.Since(begin) < slice {
				for range s.batch {
					s.Call(g*7919 + first + n)
					n++
				}
			}
			counts[g] = n
		})
	}
	all.Wait()
	elapsed, burnt := time.Since(begin), cpuTime()-used
	calls := 0
	for _, n := range counts {
		calls += n
	}
	s.made += calls / s.Goroutines
	s.wall = append(s.wall, float64(elapsed)/float64(calls))
	s.cpu = append(s.cpu, float64(burnt)/float64(calls))
}

// warmUp makes calls and notes how many allocations one makes, and of how many of them
// the time is worth a look at the clock.
func (s *Sample) warmUp() {
	const most, enough, long = 2000, 200 * time.Millisecond, 4 * time.Microsecond
	n, begin := 0, time.Now()
	for n < most && time.Since(begin) < enough {
		s.Call(n)
		n++
	}
	if s.batch = 64; time.Since(begin) > time.Duration(n)*long {
		s.batch = 1
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		s.Call(i)
	}
	runtime.ReadMemStats(&after)
	s.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
}

// pairs combines the figures of two samples round by round.
func pairs(own, other []float64, combine func(own, other float64) float64) []float64 {
	all := make([]float64, min(len(own), len(other)))
	for i := range all {
		all[i] = combine(own[i], other[i])
	}
	return all
}

// median returns zero of nothing.
func median(rounds []float64) float64 {
	if len(rounds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(rounds))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// cpuTime returns what the process has used so far, in user and in kernel mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // only a wrong argument makes it fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
