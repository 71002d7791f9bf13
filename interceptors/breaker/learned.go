package breaker

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/latency"
	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// learned is how long calls usually take, and what follows from it for a circuit whose
// SlowAfter nobody set.
type learned struct {
	// overdue is after which time a call in flight may be hanging, and slow after which a
	// call that ended was slow. Zero: not known yet.
	overdue, slow atomic.Int64
	// due is when to look at the sketch again.
	due atomic.Int64

	// usual is what was learned, and recent what was seen then.
	usual, recent atomic.Int64
	// first and last are when that was looked at, zero if never.
	first, last atomic.Int64

	// patience is how long calls were silent before they answered all the same, until when
	// that is remembered.
	patience, patientUntil atomic.Int64
}

const (
	// knownCalls is how many calls must be known.
	knownCalls = 20
	// usualShare is the share of healthy calls that are as fast as is usual.
	usualShare = 0.99
	// A call in flight is overdue after overdueFactor times what is usual, but not before
	// leastOverdue, and a call that ended is slow by slowFactor and leastSlow.
	overdueFactor, leastOverdue = 1.1, 10 * time.Millisecond
	slowFactor, leastSlow       = 3, 20 * time.Millisecond
	// What is usual is looked at every learnEvery. It follows what it sees for the first
	// learnFreely; then it rises to at most twice as much in risesIn.
	learnEvery, learnFreely, risesIn = time.Second, 10 * time.Minute, time.Hour
	// mostSlow says which share of the calls of a healthy window is slow at most, one in so
	// many: from more nothing is learned.
	mostSlow = 10
	// mostBearable is the longest time for which a silence is borne, which is half of a
	// caller's time.
	mostBearable = 2 * time.Second
	// patientFor is how long silence that was none is remembered.
	patientFor = 30 * time.Second
)

// forget forgets everything.
func (l *learned) forget() {
	for _, word := range []*atomic.Int64{&l.overdue, &l.slow, &l.due, &l.usual, &l.recent, &l.first, &l.last, &l.patience, &l.patientUntil} {
		word.Store(0)
	}
}

// known reports whether enough is known to judge by time.
func (l *learned) known() bool { return l.overdue.Load() != 0 }

// usually returns in which time 99 of 100 healthy calls are answered, zero if that is not
// known.
func (l *learned) usually() time.Duration { return time.Duration(l.usual.Load()) }

// recently returns the same as it was last seen: longer where it rises faster than it may.
func (l *learned) recently() time.Duration { return time.Duration(l.recent.Load()) }

// isSlow reports whether a call took longer than is usual.
func (l *learned) isSlow(took time.Duration) bool {
	slow := l.slow.Load()
	return slow != 0 && int64(took) >= slow
}

// overdueAfter returns after which time a call in flight may be hanging, zero if that is
// not known.
func (l *learned) overdueAfter(now policy.Instant) policy.Instant {
	after := l.overdue.Load()
	if after != 0 && int64(now) < l.patientUntil.Load() {
		after = max(after, l.patience.Load())
	}
	return policy.Instant(after)
}

// tooManySlow reports whether so many calls are slow that what is seen is no health.
func tooManySlow(c window.Counts) bool { return mostSlow*c.Slow > c.Calls }

// answered notes that calls may be silent for so long and answer all the same.
func (l *learned) answered(took time.Duration, at policy.Instant) {
	patience := 2 * int64(took)
	if int64(at) < l.patientUntil.Load() {
		patience = max(patience, l.patience.Load())
	}
	l.patience.Store(patience)
	l.patientUntil.Store(int64(at.Add(patientFor)))
}

// bearable returns how long a silence may last before callers who have nothing else are
// refused: half of the time that the caller in hand has, and twice as long as is overdue.
func bearable(call *policy.Call, now policy.Instant, overdue time.Duration) time.Duration {
	share := mostBearable
	if !call.Deadline.IsZero() {
		share = min(share, call.Deadline.Sub(now.Time())/2)
	}
	return max(share, 2*overdue)
}

// look takes from the sketch what is usual, now and then, and reports whether it did.
func (l *learned) look(sketch *latency.Sketch, at policy.Instant) bool {
	due := l.due.Load()
	if due != 0 && int64(at) < due || !l.due.CompareAndSwap(due, int64(at.Add(learnEvery))) {
		return false
	}
	u := sketch.Usual()
	if u.Calls < knownCalls {
		l.due.Store(due) // soon
		return false
	}
	l.first.CompareAndSwap(0, int64(at))
	seen := u.Quantile(usualShare)
	l.recent.Store(int64(seen))
	if was := l.usually(); was != 0 && at.Sub(policy.Instant(l.first.Load())) > learnFreely {
		rise := time.Duration(float64(was) * min(1, float64(at.Sub(policy.Instant(l.last.Load())))/float64(risesIn)))
		seen = min(seen, was+rise)
	}
	l.usual.Store(int64(seen))
	l.last.Store(int64(at))
	l.overdue.Store(int64(max(time.Duration(overdueFactor*float64(seen)), leastOverdue)))
	l.slow.Store(int64(max(slowFactor*seen, leastSlow)))
	return true
}
