package overload

import (
	"math"
	"time"
)

// limit finds how many calls may be in flight: as few as keep the bottleneck busy, whatever
// that is. It needs no service time. While the places are all taken it tries fewer of them
// now and then, and keeps to fewer as long as as much is finished; and more, and keeps to
// more if more is finished. It is for one goroutine at a time. Make one with newLimit.
type limit struct {
	places float64
	least  float64 // while there is room
	peak   float64 // the most that were in flight lately

	phase    phase
	before   float64       // the places before the trial
	rate     float64       // of calls finished well per second, at the places before
	took     time.Duration // what a call took there
	held     time.Duration // since the last trial
	patience time.Duration // for how long to hold after a trial that failed
	up       bool          // the next trial is of more places
	guessed  bool          // the trial is of a guess
	failing  bool          // most calls fail, late
	recent   window        // by which failing is known
	failures int           // of trials in distress, one after the other
	distress bool          // calls take so long that their deadlines are near: trials are coarse and quick
	window   window        // what is being measured
	base     time.Duration // what calls take where none waits for another, zero if not known
	roomFor  time.Duration
	shared   bool // with others, who have limits of their own
	fair     fair
}

// phase is what the limit is doing.
type phase uint8

// The phases of a limit.
const (
	resting phase = iota // there are free places
	filling              // there are none, and what is in flight is of before
	holding
	settling // a trial has begun, and what is in flight is of before
	trying
)

// The steps of trials, and what is judged of them.
const (
	fewer, more = 0.75, 1.25
	bitFewer    = 0.85 // where fewer did not do lately
	muchFewer   = 0.5
	muchMore    = 2
	noQuicker   = 0.9  // of what calls took: with fewer of them none waits less for another
	asMuch      = 0.96 // of the rate: nothing is lost
	enoughMore  = 1.08 // of the rate: something is won
	clearlyLess = 0.88 // of the rate: no need to go on
	mostly      = 0.75 // of the rate: what half of the places would not yield if all were needed
	full        = 0.9  // of the places: they are all taken
	leastPlaces = 2
	mostPlaces  = 1 << 20
	forgets     = 0.99 // of the peak, per window
)

// How long the places are held after a trial that failed: at first, and in the end.
const firstPatience, mostPatience = time.Second, 6 * time.Second

// newLimit returns a limit that begins with so many places.
func newLimit(places int) *limit {
	return &limit{places: float64(places), least: float64(places), patience: firstPatience, held: firstPatience}
}

// value returns how many calls may be in flight.
func (l *limit) value() int { return int(l.places) }

// step takes what happened in an interval.
func (l *limit) step(w window) {
	l.peak = max(l.peak*forgets, float64(w.most))
	if l.recent.add(w); l.recent.ended >= fewCalls {
		l.failing, l.recent = l.recent.hopeless(), window{}
	}
	full := w.waited > 0 && w.inFlight >= full*math.Floor(l.places)
	switch {
	case l.shared:
		l.places = l.fair.step(l.places, full, w)
		return
	case !full && !l.failing:
		l.relax(w)
		return
	case !full && l.phase <= holding && w.inFlight >= leastPlaces:
		l.places = min(l.places, w.inFlight) // deadlines limit them, which are too late
	}
	if l.roomFor = 0; l.phase == resting {
		l.phase = filling
	}
	l.window.add(w)
	l.distress = l.distressed(&l.window)
	if !l.enough() {
		return
	}
	var m window
	m, l.window = l.window, m
	switch l.phase {
	case resting, filling:
		l.phase = holding
	case holding:
		l.hold(&m)
	case settling:
		l.phase = trying
	case trying:
		l.judge(&m)
	}
}

// The least that a window must have for the limit to judge by it.
const (
	enoughCalls = 400
	someCalls   = 100 // for a trial of far fewer places
	enoughTime  = time.Second
	fewCalls    = 10
)

// enough reports whether the window has enough to go on by.
func (l *limit) enough() bool {
	w := &l.window
	switch {
	case l.phase == filling:
		return w.ended >= int(l.places) || w.elapsed >= enoughTime/2
	case l.phase == settling:
		quick := l.distress && w.elapsed >= 300*time.Millisecond
		return quick || w.ended >= int(max(l.before, l.places)) || w.elapsed >= enoughTime
	case l.distress:
		return w.ended >= fewCalls
	case l.phase == trying && w.ended >= someCalls && w.rate() < clearlyLess*l.rate:
		return true
	case l.far(w) || l.phase == trying && l.guessed:
		return w.ended >= someCalls || w.elapsed >= enoughTime
	default:
		return w.many()
	}
}

// distressed reports whether calls take so long, compared with when none waited for
// another, that they fail for it or soon will.
func (l *limit) distressed(w *window) bool {
	if w.ended < fewCalls {
		return l.distress
	}
	mean := w.mean()
	return w.hopeless() || mean > w.budget/2 || mean > w.budget/4 && (l.base == 0 || mean > 2*l.base)
}

// relax lets the places grow back while they are not all taken, and learns what calls take.
func (l *limit) relax(w window) {
	if l.phase >= settling { // too few calls for the trial
		l.places = max(l.before, l.places)
	}
	l.phase = resting
	l.failures = 0
	l.window, l.rate, l.held, l.patience, l.up = window{}, 0, firstPatience, firstPatience, false
	l.roomFor += w.elapsed
	l.learn(w)
	idle := max(l.least, 2*l.peak)
	switch {
	case w.waited*10 > w.ended && l.close(w.mean()): // they wait for nothing
		l.places += max(1, l.places/16)
	case l.places > idle:
		l.places = max(idle, l.places*forgets)
	case l.roomFor > relaxAfter:
		l.places = min(idle, l.places*1.02)
	}
	l.places = min(l.places, mostPlaces)
}

// learn notes what calls take while there are free places.
func (l *limit) learn(w window) {
	mean := w.mean()
	if w.good < fewCalls {
		return
	}
	switch {
	case l.base == 0:
		l.base = mean
	case mean < l.base:
		l.base += (mean - l.base) / 4
	case mean < 2*l.base:
		l.base += (mean - l.base) / 64
	default: // they wait for one another, or something else has become slow for good
		l.base += l.base / 512
	}
}

// relaxAfter is how long there must have been room before the places grow back.
const relaxAfter = 5 * time.Second

// hold goes on with the places as they are, until it is time for a trial.
func (l *limit) hold(m *window) {
	if l.rate == 0 {
		l.rate = m.rate()
	} else {
		l.rate += (m.rate() - l.rate) / 4
	}
	if l.held += m.elapsed; l.held >= l.patience || l.distress && l.patience <= firstPatience {
		l.try(m)
	}
}

// try begins a trial: of more places if calls take no longer than usual, else of fewer.
func (l *limit) try(m *window) {
	l.before, l.phase, l.took, l.guessed = l.places, settling, m.mean(), false
	if unhindered := l.close(l.took) && l.took < m.budget/2; l.up || unhindered {
		step := more
		if unhindered {
			step = muchMore
		}
		l.places = min(mostPlaces, max(l.places*step, l.places+1))
		return
	}
	l.places = max(leastPlaces, min(l.fewer(m), l.places-1))
	if l.places >= l.before {
		l.end(l.before, true)
	}
}

// fewer returns how many places a trial of fewer has: those that are needed as long as calls
// take what they took in calm times, and some to spare, if that is far less; else a step.
func (l *limit) fewer(m *window) float64 {
	switch {
	case l.far(m):
		l.guessed = true
		return l.guess(m)
	case l.distress:
		return l.places * math.Pow(muchFewer, float64(1+l.failures))
	case l.failures > 0:
		return l.places * bitFewer
	default:
		return l.places * fewer
	}
}

// guess returns twice the calls in flight that there would be if they took what they took
// in calm times.
func (l *limit) guess(m *window) float64 { return 2 * math.Ceil(m.rate()*l.base.Seconds()) }

// far reports whether there are so many more places than the guess that it is worth a trial,
// which has not failed just before.
func (l *limit) far(m *window) bool {
	return l.base > 0 && l.failures == 0 && m.good >= fewCalls && l.guess(m) <= l.places*fewer
}

// close reports whether calls take hardly longer than where none waits for another.
func (l *limit) close(mean time.Duration) bool {
	return mean > 0 && (mean <= closeTo || l.base > 0 && mean <= l.base*3/2)
}

// closeTo is what calls may take in all that need not be tried to take less.
const closeTo = 4 * time.Millisecond

// judge ends a trial: it keeps the places if that does good, and else goes back.
func (l *limit) judge(m *window) {
	rate, wentUp := m.rate(), l.places > l.before
	if mean := m.mean(); !wentUp && m.good >= fewCalls && mean < m.budget/4 && float64(mean) >= noQuicker*float64(l.took) {
		l.base = max(l.base, min(mean, l.took))
	}
	switch {
	case wentUp && rate >= l.rate*enoughMore:
		l.places = min(l.places, math.Ceil(l.before*rate/l.rate)+1) // more than are needed if each was
		l.rate, l.phase, l.held, l.up, l.patience = rate, holding, firstPatience, true, firstPatience
	case !wentUp && rate > 0 && (rate >= l.rate*asMuch || l.places <= l.before*muchFewer && rate >= l.rate*mostly):
		if rate < l.rate*asMuch { // too few by that much, if each is needed
			l.places *= l.rate / rate
		}
		l.failures = 0
		l.rate, l.phase, l.held, l.up = max(rate, l.rate), holding, l.patience, false
	default:
		l.failures++
		l.end(l.before, !wentUp)
	}
}

// end goes back to so many places, and holds them for a while.
func (l *limit) end(places float64, up bool) {
	l.places, l.phase, l.up, l.held = places, holding, up, 0
	l.patience = min(2*l.patience, mostPatience)
}

// watch takes what happened in an interval in which nobody had to wait: the places are
// twice the most that were in flight while calls took no longer than usual.
func (l *limit) watch(w window) {
	mean := w.mean()
	if w.good >= fewCalls && (l.base == 0 || mean < l.base) {
		l.base = mean
	}
	if mean <= l.base*3/2 {
		l.base += (mean - l.base) / 64
		l.peak = max(l.peak*forgets, float64(w.most))
		l.places = min(mostPlaces, max(l.least, 2*l.peak))
	}
}
