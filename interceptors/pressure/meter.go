package pressure

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Meter measures the pressure of one process. It is safe for concurrent use. There is one
// for the process, see [Process]; a laboratory makes its own with [NewMeter]. The zero
// Meter must not be used.
type Meter struct {
	scheduler Scheduler
	memory    bool

	due     atomic.Int64 // the instant of the next look
	latency atomic.Int64 // of the scheduler, over the last look
	level   atomic.Uint64
	reports reports

	mu    sync.Mutex // held to look
	count uint64
	total time.Duration
	used  []metrics.Sample
}

// interval is the time between two looks.
const interval = 50 * time.Millisecond

// The values at which what is measured counts for 0.5.
const (
	halfLatency = 10 * time.Millisecond
	halfMemory  = 0.9 // of the limit
)

// process is the meter of the process.
var process = sync.OnceValue(func() *Meter { //nolint:gochecknoglobals // a process has one scheduler and one heap
	m := NewMeter(newGoScheduler())
	m.memory = true
	return m
})

// Process returns the meter of this process.
func Process() *Meter { return process() }

// Level returns the pressure of this process, from 0 to 1.
func Level() float64 { return Process().Level() }

// NewMeter returns a meter of a scheduler, which does not look at memory.
func NewMeter(s Scheduler) *Meter {
	m := &Meter{scheduler: s, used: []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}}
	m.count, m.total = s.Waits()
	m.due.Store(int64(policy.Now().Add(interval)))
	return m
}

// Level returns the pressure, from 0 to 1: the greatest of those of the scheduler, of
// memory and of what was reported lately.
func (m *Meter) Level() float64 {
	now := policy.Now()
	m.look(now)
	return max(math.Float64frombits(m.level.Load()), m.reports.highest(now))
}

// Latency returns how long goroutines lately waited for a processor, on average, given
// the present instant.
func (m *Meter) Latency(now policy.Instant) time.Duration {
	m.look(now)
	return time.Duration(m.latency.Load())
}

// Yield lets other goroutines run.
func (m *Meter) Yield() { m.scheduler.Yield() }

// Report notes the pressure at some place in the process, at an instant. It counts for
// about a second.
func (m *Meter) Report(now policy.Instant, level float64) { m.reports.add(now, level) }

// look reads the scheduler and the memory, if it is time to.
func (m *Meter) look(now policy.Instant) {
	due := m.due.Load()
	if int64(now) < due || !m.due.CompareAndSwap(due, int64(now.Add(interval))) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	count, total := m.scheduler.Waits()
	var latency time.Duration
	if count > m.count {
		latency = max(0, (total-m.total)/time.Duration(count-m.count)) //nolint:gosec // a few millions
	}
	m.count, m.total = count, total
	m.latency.Store(int64(latency))
	m.level.Store(math.Float64bits(max(Saturating(latency, halfLatency), m.memoryLevel())))
}

// memoryLevel returns the pressure of memory: 0 up to 80 % of the limit, 1 at the limit.
func (m *Meter) memoryLevel() float64 {
	limit := debug.SetMemoryLimit(-1)
	if !m.memory || limit == math.MaxInt64 || limit <= 0 {
		return 0
	}
	metrics.Read(m.used)
	share := float64(m.used[0].Value.Uint64()-m.used[1].Value.Uint64()) / float64(limit)
	return min(1, max(0, 0.5+(share-halfMemory)/(1-halfMemory)/2))
}

// Saturating returns what a time counts for, from 0 to 1: 0.5 at half.
func Saturating(t, half time.Duration) float64 {
	if t <= 0 || half <= 0 {
		return 0
	}
	return float64(t) / (float64(t) + float64(half))
}
