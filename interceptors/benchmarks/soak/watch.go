package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// watcher watches a system while it runs.
type watcher struct{ *system }

// watch checks what must hold at any time until ctx ends, and prints a line now and then.
func (s watcher) watch(ctx context.Context, out io.Writer) {
	line, heap := time.NewTicker(s.every), time.NewTicker(s.runs/heapSamples)
	defer line.Stop()
	defer heap.Stop()
	for sleep(ctx, 20*time.Millisecond) == nil {
		for _, t := range s.tiers {
			t.places(s.broken)
		}
		select {
		case <-line.C:
			s.line(out)
		case <-heap.C:
			s.heap.sample()
			for _, t := range s.tiers {
				_, err := t.collect(context.WithoutCancel(ctx))
				s.must("telemetry", err)
			}
		default:
		}
	}
	s.must("memory", s.heap.growth())
}

// line prints how far the run is.
func (s watcher) line(out io.Writer) {
	b := &s.books
	moods := make([]string, 0, len(s.backends))
	for _, x := range s.backends {
		moods = append(moods, x.name+" is "+x.temper.mood.Load().name)
	}
	fmt.Fprintf(out, "%6v  %8d calls: %d whole, %d degraded, %d failed, %d refused; %d functions; heap %d KiB, %d goroutines; %s\n",
		time.Since(s.began).Round(time.Second), b.made.Load(), b.answered.Load(), b.degraded.Load(), b.failed.Load(),
		b.refused.Load(), b.functions.Load(), s.heap.last()>>10, runtime.NumGoroutine(), strings.Join(moods, ", "))
}

// heapSamples is how often the heap is looked at in a run.
const heapSamples = 20

// heap is what was in use after each collection.
type heap struct{ samples []uint64 }

// sample collects, and looks.
func (h *heap) sample() {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.samples = append(h.samples, m.HeapAlloc)
}

// last returns the last sample, 0 if there is none.
func (h *heap) last() uint64 {
	if len(h.samples) == 0 {
		return 0
	}
	return h.samples[len(h.samples)-1]
}

// growth returns an error if the least of the last third of the samples is well above the
// least of the third before it. The least is when hardly anything is in flight, so it
// does not move with the load, but with all that grows with the calls.
func (h *heap) growth() error {
	n := len(h.samples) / 3
	if n < 3 {
		return nil // too short a run to tell
	}
	before, after := slices.Min(h.samples[n:2*n]), slices.Min(h.samples[2*n:])
	if after > before+before/4+4<<20 {
		return fmt.Errorf("the heap grows: at least %d KiB in the second third of the run, %d KiB in the last", before>>10, after>>10)
	}
	return nil
}
