package breaker_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// crowd is what the goroutines of a concurrent walk share.
type crowd struct {
	policy.NopObserver

	b   *breaker.Breaker
	cfg breaker.Config

	mu       sync.Mutex
	path     []string // of the states, as the observer hears of it
	sickness atomic.Int64
	ops      atomic.Int64
}

// Transition is called by the breaker.
func (c *crowd) Transition(t policy.Transition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path = append(c.path, t.From, t.To)
}

// walk makes calls that overlap with those of the others.
func (c *crowd) walk(t *testing.T, rnd *rand.Rand, n int) {
	t.Helper()
	for range n {
		c.ops.Add(1)
		switch rnd.IntN(12) {
		case 0:
			_, _ = try(t, policy.Call{}, c.b, full{})
		case 1, 2:
			time.Sleep(time.Duration(rnd.IntN(900)) * time.Millisecond)
		default:
			c.call(t, rnd)
		}
	}
}

// call makes one call, which takes a while.
func (c *crowd) call(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	call, err := try(t, policy.Call{}, c.b)
	if err != nil {
		return
	}
	time.Sleep(time.Duration(rnd.IntN(50)) * time.Millisecond)
	switch {
	case rnd.Int64N(100) < c.sickness.Load():
		call.end(errDown)
	case rnd.IntN(10) == 0:
		call.end(errCanceled)
	default:
		call.end(nil)
	}
}

// A random walk of eight goroutines: 128,000 operations over many
// configurations. While they run, the breaker must only take the ways that there
// are; when they rest, nothing may be left of them.
func TestConcurrentWalk(t *testing.T) {
	t.Parallel()
	const walkers, steps = 8, 160
	total, opened := int64(0), 0
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 5))
			c := &crowd{cfg: walkConfig(rnd)}
			c.b = newBreaker(t, c.cfg, breaker.WithObserver(c))
			for round := range 2 {
				c.sickness.Store(rnd.Int64N(100))
				var all sync.WaitGroup
				for i := range uint64(walkers) {
					all.Go(func() { c.walk(t, rand.New(rand.NewPCG(seed*100+i, uint64(round))), steps/2) })
				}
				all.Wait()
				c.check(t, seed)
			}
			total += c.ops.Load()
			opened += len(c.path) / 2
		})
	}
	if total < 100_000 || opened < 500 {
		t.Errorf("%d operations, %d transitions: the walk shows little", total, opened)
	}
}

// check is made when no call is in flight.
func (c *crowd) check(t *testing.T, seed uint64) {
	t.Helper()
	if s := c.b.Snapshot(); s.ProbesInFlight != 0 || s.Overdue != 0 {
		t.Errorf("seed %d: %+v, and nobody calls", seed, s)
	}
	c.checkPath(t, seed)
	c.recover(t, seed)
	c.checkCounts(t, seed)
	c.checkProbes(t, seed)
	c.recover(t, seed)
}

// checkPath looks for a way that is none: the reports come in order.
func (c *crowd) checkPath(t *testing.T, seed uint64) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	at := "closed"
	for i := 0; i < len(c.path); i += 2 {
		from, to := c.path[i], c.path[i+1]
		switch way := from + " " + to; {
		case from != at:
			t.Fatalf("seed %d: from %s, but it was %s", seed, from, at)
		case way != "closed open" && way != "open half_open" && way != "half_open open" && way != "half_open closed" &&
			(way != "open closed" || c.cfg.SlowStart != breaker.Off):
			t.Fatalf("seed %d: %s", seed, way)
		}
		at = to
	}
}

// recover has the dependency be well: the circuit must close.
func (c *crowd) recover(t *testing.T, seed uint64) {
	t.Helper()
	for range 10 * c.cfg.SuccessesToClose {
		if c.b.State() == breaker.Closed {
			return
		}
		time.Sleep(c.cfg.MaxOpenFor)
		if call, err := try(t, policy.Call{}, c.b); err == nil {
			call.end(nil)
		}
	}
	if c.b.State() != breaker.Closed {
		t.Fatalf("seed %d: wedged in %v at %v: %+v %+v", seed, c.b.State(), time.Now(), c.b.Snapshot(), c.cfg)
	}
}

// checkCounts has many call at once: each counts, and counts once.
func (c *crowd) checkCounts(t *testing.T, seed uint64) {
	t.Helper()
	time.Sleep(2 * c.cfg.Window) // what was before has left a window of time
	before := c.b.Snapshot()
	const calls = 20
	var all sync.WaitGroup
	for range calls {
		all.Go(func() { begin(t, c.b).end(nil) })
	}
	all.Wait()
	want := before.Calls + calls
	if c.cfg.WindowCalls > 0 {
		want = min(want, c.cfg.WindowCalls)
	}
	if s := c.b.Snapshot(); s.Calls != want || s.ConsecutiveFailures != 0 {
		t.Errorf("seed %d: %+v after %d calls; want %d in the window", seed, s, calls, want)
	}
}

// checkProbes opens the circuit, waits, and has many try at once: as many get
// through as may. They end at once too, late ones after the state has passed.
func (c *crowd) checkProbes(t *testing.T, seed uint64) {
	t.Helper()
	time.Sleep(2 * c.cfg.Window) // so that good calls do not count against the bad
	for i := 0; i < 2000 && c.b.State() != breaker.Open; i++ {
		call, err := try(t, policy.Call{}, c.b)
		if err != nil {
			break
		}
		call.end(errDown)
	}
	time.Sleep(c.cfg.MaxOpenFor)
	var mu sync.Mutex
	var probes []*inFlight
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if call, err := try(t, policy.Call{}, c.b); err == nil {
				mu.Lock()
				defer mu.Unlock()
				probes = append(probes, call)
			}
		})
	}
	all.Wait()
	if len(probes) != 1 {
		t.Errorf("seed %d: %d probes at once; want one", seed, len(probes))
	}
	for i, p := range probes {
		all.Go(func() { p.end([]error{errDown, nil, errCanceled}[i%3]) })
	}
	all.Wait()
	if s := c.b.Snapshot(); s.ProbesInFlight != 0 {
		t.Errorf("seed %d: %+v after all probes ended", seed, s)
	}
}
