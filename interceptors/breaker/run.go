package breaker

import "sync/atomic"

// run is what has come since a call was last answered: how many failed, and how many of
// them started since then, whether any was
// shed, and whether one failure more would open the breaker. It is one word, so that an
// answer, which ends it, reads one word and writes only where there is something to end:
// the successes of many cores must not share a write.
type run struct{ word atomic.Uint64 }

const (
	runShed     = 1 << 62
	runBrink    = 1 << 63
	runFresh    = 1 << 31 // counts in the upper half
	runFailures = runFresh - 1
)

// end begins a new run.
func (r *run) end() {
	if r.word.Load() != 0 {
		r.word.Store(0)
	}
}

// fail counts a failure. It is fresh if the call started after the last answer: only then
// is it one after the other. What failed at once may be one event.
func (r *run) fail(fresh bool) {
	switch word := r.word.Load(); {
	case word&runFailures == runFailures: // as many as fit
	case fresh:
		r.word.Add(runFresh + 1)
	default:
		r.word.Add(1)
	}
}

// failures returns how many calls failed.
func (r *run) failures() int { return int(r.word.Load() & runFailures) }

// fresh returns how many calls failed that started after the last answer.
func (r *run) fresh() int { return int(r.word.Load() / runFresh & runFailures) }

// shed notes that a call was shed, and reports whether it is the first one.
func (r *run) shed() (first bool) { return r.word.Or(runShed)&runShed == 0 }

// hasShed reports whether any call was shed.
func (r *run) hasShed() bool { return r.word.Load()&runShed != 0 }

// setBrink notes that one failure more would open the breaker. It holds until the run ends.
func (r *run) setBrink() { r.word.Or(runBrink) }

// onBrink reports whether one failure more would open the breaker.
func (r *run) onBrink() bool { return r.word.Load()&runBrink != 0 }
