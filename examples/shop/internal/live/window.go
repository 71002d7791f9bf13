package live

import (
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
)

// outcome is how well a page was answered.
type outcome int

const (
	full outcome = iota
	partial
	failed
)

// How far back figures go, in seconds.
const (
	recently = 10
	history  = 60
)

// window counts pages by the second. It is safe for concurrent use.
type window struct {
	mu      sync.Mutex
	seconds [history]second
}

// second is the pages of one.
type second struct {
	at        int64 // in Unix time
	counts    [failed + 1]int
	latencies []time.Duration
}

// add counts a page that was asked for at an instant.
func (w *window) add(at time.Time, took time.Duration, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.seconds[at.Unix()%history]
	if s.at != at.Unix() {
		*s = second{at: at.Unix()}
	}
	s.counts[o]++
	if o != failed {
		s.latencies = append(s.latencies, took)
	}
}

// all returns how many pages the second had.
func (s second) all() int { return s.counts[full] + s.counts[partial] + s.counts[failed] }

// figures returns those of the last whole seconds.
func (w *window) figures(now time.Time) Pages {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := Pages{History: []Second{}}
	var sum second
	for at := now.Unix() - history + 1; at < now.Unix(); at++ {
		s := w.seconds[at%history]
		if s.at != at || s.all() == 0 {
			continue
		}
		n := float64(s.all())
		p.History = append(p.History, Second{float64(s.counts[full]) / n, float64(s.counts[failed]) / n})
		if at < now.Unix()-recently {
			continue
		}
		for o, n := range s.counts {
			sum.counts[o] += n
		}
		sum.latencies = append(sum.latencies, s.latencies...)
	}
	if n := float64(sum.all()); n > 0 {
		p.PerSecond = n / float64(min(recently, len(p.History)))
		p.Full, p.Partial, p.Failed = float64(sum.counts[full])/n, float64(sum.counts[partial])/n, float64(sum.counts[failed])/n
	}
	p.P50, p.P99 = millis(load.Percentile(sum.latencies, 0.50)), millis(load.Percentile(sum.latencies, 0.99))
	return p
}

// millis returns a time in milliseconds.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
