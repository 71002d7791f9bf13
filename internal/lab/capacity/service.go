package capacity

import (
	"context"
	"math/rand/v2"
	"time"
)

// Service is what answers calls: what its handler needs, of which there is only so much.
type Service struct {
	// Name is what it is called in tables.
	Name string
	// PerSecond is how many calls it can answer in a second.
	PerSecond int
	// computes: it needs the processor, as meeting the guard does.
	computes bool
	// varied: some calls need many times what others do.
	varied bool
	// build makes its handler.
	build func(w *world) handler
}

// handler does the work of a call, of which there is so much: 1 on average. It reports
// whether it was done.
type handler func(ctx context.Context, work float64) bool

// pool is places of which each call holds one while it works.
type pool chan struct{}

// hold works for d in a place, unless ctx ends before there is one.
func (p pool) hold(ctx context.Context, d time.Duration) bool {
	select {
	case p <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	time.Sleep(d)
	<-p
	return true
}

// Services returns the services that the controller is tried with.
func Services() []Service {
	return []Service{
		cpuBound("cpu", time.Millisecond), pooled("lock", 1, time.Millisecond, false), pooled("slow lock", 1, 10*time.Millisecond, false),
		pooled("pool of 8", 8, 5*time.Millisecond, false), pooled("semaphore of 10", 10, 20*time.Millisecond, false),
		pooled("pool of 8, varied", 8, 5*time.Millisecond, true), pooled("semaphore of 20, varied", 20, 20*time.Millisecond, true), mixed(),
	}
}

// cpuBound returns a service that only computes.
func cpuBound(name string, each time.Duration) Service {
	return Service{name, int(time.Second / each), true, false, func(w *world) handler {
		return func(context.Context, float64) bool { w.cpu.run(each); return true }
	}}
}

// pooled returns a service with so many places, of which a call holds one for that time,
// or for one that varies around it.
func pooled(name string, places int, each time.Duration, varied bool) Service {
	return Service{name, places * int(time.Second/each), false, varied, func(w *world) handler {
		p := make(pool, places)
		return func(ctx context.Context, work float64) bool {
			d := each
			if varied {
				d = min(time.Duration(work*float64(each)), 20*each)
			}
			return p.hold(ctx, d*100/time.Duration(w.percent()))
		}
	}}
}

// mixed returns a service that computes, waits and computes.
func mixed() Service {
	return Service{"cpu, wait, cpu", 1000, true, false, func(w *world) handler {
		return func(context.Context, float64) bool {
			w.cpu.run(time.Millisecond / 2)
			time.Sleep(5 * time.Millisecond)
			w.cpu.run(time.Millisecond / 2)
			return true
		}
	}}
}

// dice are random numbers, for one goroutine at a time.
func dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) } //nolint:gosec // no secret
