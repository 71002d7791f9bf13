package pressure

import (
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// Scheduler is what shares the processors among goroutines. A laboratory in virtual time,
// where goroutines never wait for a processor, has one of its own.
type Scheduler interface {
	// Waits returns how many times goroutines have waited for a processor so far, and for
	// how long in all. Both only grow.
	Waits() (count uint64, total time.Duration)
	// Yield lets the goroutines run that are waiting.
	Yield()
}

// goScheduler is Go's own. Its waits are in a histogram, whose counts only grow.
type goScheduler struct {
	mu     sync.Mutex
	sample []metrics.Sample
}

// schedLatencies is the metric of how long goroutines waited for a processor.
const schedLatencies = "/sched/latencies:seconds"

// newGoScheduler returns Go's scheduler.
func newGoScheduler() *goScheduler {
	return &goScheduler{sample: []metrics.Sample{{Name: schedLatencies}}}
}

// Waits reads the histogram.
func (s *goScheduler) Waits() (count uint64, total time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	metrics.Read(s.sample)
	if s.sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0, 0 // another Go, without the metric
	}
	h := s.sample[0].Value.Float64Histogram()
	seconds := 0.0
	for i, n := range h.Counts {
		low, high := h.Buckets[i], h.Buckets[i+1]
		switch {
		case n == 0:
			continue
		case math.IsInf(low, -1):
			low = 0
		case math.IsInf(high, 1):
			high = low
		}
		count += n
		seconds += float64(n) * (low + high) / 2
	}
	return count, time.Duration(seconds * float64(time.Second))
}

// Yield calls runtime.Gosched.
func (*goScheduler) Yield() { runtime.Gosched() }
