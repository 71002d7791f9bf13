package breaker

import "sync/atomic"

// run is what has come since a call was last answered: how many failed, whether any was
// shed, and whether one failure more would open the breaker. It is one word, so that an
// answer, which ends it, reads one word and writes only where there is something to end:
// the successes of many cores must not share a write.
type run struct{ word atomic.Uint64 }

const (
	runShed     = 1 << 62
	runBrink    = 1 << 63
	runFailures = runShed - 1
)

// end begins a new run.
func (r *run) end() {
	if r.word.Load() != 0 {
		r.word.Store(0)
	}
}

// fail counts a failure.
func (r *run) fail() { r.word.Add(1) }

// failures returns how many calls failed.
func (r *run) failures() int64 { return int64(r.word.Load() & runFailures) }

// shed notes that a call was shed, and reports whether it is the first one.
func (r *run) shed() (first bool) { return r.word.Or(runShed)&runShed == 0 }

// hasShed reports whether any call was shed.
func (r *run) hasShed() bool { return r.word.Load()&runShed != 0 }

// setBrink notes whether one failure more would open the breaker.
func (r *run) setBrink(on bool) {
	if on {
		r.word.Or(runBrink)
	} else {
		r.word.And(^uint64(runBrink))
	}
}

// onBrink reports whether one failure more would open the breaker.
func (r *run) onBrink() bool { return r.word.Load()&runBrink != 0 }
