package measure

import (
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

	wall, cpu []float64
	allocs    float64
}

// Run measures the samples in turns: rounds times, each for about slice.
func Run(samples []*Sample, rounds int, slice time.Duration) {
	for _, s := range samples {
		s.allocs = allocations(s.Call)
	}
	for range rounds {
		for _, s := range samples {
			s.round(slice)
		}
	}
}

// Wall is the median of the elapsed nanoseconds per call, over all goroutines.
func (s *Sample) Wall() float64 { return median(s.wall) }

// More is by how many elapsed nanoseconds a call takes longer than one of other, which
// was measured in turns with it: the median of the differences round by round.
func (s *Sample) More(other *Sample) float64 {
	differences := make([]float64, min(len(s.wall), len(other.wall)))
	for i := range differences {
		differences[i] = s.wall[i] - other.wall[i]
	}
	return median(differences)
}

// CPU is the median of the nanoseconds of CPU time per call that the whole
// process used.
func (s *Sample) CPU() float64 { return median(s.cpu) }

// Of is the median of how long the sample took in a round, as a share of what the
// other took in the same round.
func (s *Sample) Of(other *Sample) float64 {
	ratios := make([]float64, min(len(s.wall), len(other.wall)))
	for i := range ratios {
		ratios[i] = s.wall[i] / other.wall[i]
	}
	return median(ratios)
}

// Allocs is the mean number of allocations per call.
func (s *Sample) Allocs() float64 { return s.allocs }

// round calls for about slice.
func (s *Sample) round(slice time.Duration) {
	const batch = 64
	var all sync.WaitGroup
	counts := make([]int, s.Goroutines)
	used, begin := cpuTime(), time.Now()
	for g := range s.Goroutines {
		all.Go(func() {
			n := 0
			for time.Since(begin) < slice {
				for range batch {
					s.Call(g*7919 + n)
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
	s.wall = append(s.wall, float64(elapsed)/float64(calls))
	s.cpu = append(s.cpu, float64(burnt)/float64(calls))
}

// allocations is the mean number per call, after a warm-up.
func allocations(call func(int)) float64 {
	const n = 2000
	for i := range n {
		call(i)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		call(i)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / n
}

func median(rounds []float64) float64 {
	if len(rounds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(rounds))
	return sorted[len(sorted)/2]
}

// cpuTime is what the process has used so far, in user and in kernel mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // only a wrong argument makes it fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
