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
	held     time.Duration // since the last trial
	patience time.Duration // for how long to hold after a trial that failed
	up       bool          // the next trial is of more places
	failing  bool          // most calls fail, late
	recent   window        // by which failing is known
	failures int           // of trials in distress, one after the other
	distress bool          // calls take so long that their deadlines are near: trials are coarse and quick
	window   window        // what is being measured
	base     time.Duration // what calls take where none waits for another, zero if not known
	roomFor  time.Duration
}

// phase is what the limit is doing.
type phase uint8

// The phases of a limit.
const (
	holding  phase = iota
	settling       // a trial has begun, and what is in flight is of before
	trying
)

// The steps of trials, and what is judged of them.
const (
	fewer, more = 0.75, 1.25
	muchFewer   = 0.5
	asMuch      = 0.96 // of the rate: nothing is lost
	enoughMore  = 1.1  // of the rate: something is won
	mostly      = 0.75 // of the rate: what half of the places would not yield if all were needed
	full        = 0.9  // of the places: they are all taken
	leastPlaces = 2
	mostPlaces  = 1 << 20
	forgets     = 0.99 // of the peak, per window
)

// How long the places are held after a trial that failed: at first, and in the end.
const firstPatience, mostPatience = time.Second, 4 * time.Second

// window is what was measured in one interval, or in several where little happened.
type window struct {
	elapsed  time.Duration
	ended    int           // calls whose end was seen
	took     time.Duration // by those of them that ended well, in all
	good     int           // those that ended well
	inFlight float64       // on average, when calls came
	most     int           // at most
	all      time.Duration // that those took whose end was seen, well or not
	came     [classes]int  // calls of each class
	waited   int           // calls that met no free place
	budget   time.Duration // that calls can spend on waiting
}

// add adds a later window.
func (w *window) add(o window) {
	total := w.elapsed + o.elapsed
	if total > 0 {
		w.inFlight = (w.inFlight*float64(w.elapsed) + o.inFlight*float64(o.elapsed)) / float64(total)
	}
	w.elapsed = total
	w.ended += o.ended
	w.took += o.took
	w.all += o.all
	w.good += o.good
	w.most = max(w.most, o.most)
	w.waited += o.waited
	w.budget = o.budget
}

// rate returns how many calls ended well per second.
func (w *window) rate() float64 {
	if w.elapsed <= 0 {
		return 0
	}
	return float64(w.good) / w.elapsed.Seconds()
}

// mean returns what a call took that ended well, zero if none did.
func (w *window) mean() time.Duration {
	if w.good == 0 {
		return 0
	}
	return w.took / time.Duration(w.good)
}

// hopeless reports whether most calls fail after a time that their deadlines hardly leave
// them.
func (w *window) hopeless() bool {
	return w.good*2 < w.ended && w.all > time.Duration(w.ended)*w.budget/4
}

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
	case !full && !l.failing:
		l.relax(w)
		return
	case !full && l.phase == holding && w.inFlight >= leastPlaces:
		l.places = min(l.places, w.inFlight) // deadlines limit them, which are too late
	}
	l.roomFor = 0
	l.window.add(w)
	l.distress = l.distressed(&l.window)
	if !l.enough() {
		return
	}
	m := l.window
	l.window = window{}
	switch l.phase {
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
	enoughCalls = 200
	enoughTime  = time.Second
	fewCalls    = 10
)

// enough reports whether the window has enough to judge by.
func (l *limit) enough() bool {
	if l.phase == settling && l.distress && l.window.elapsed >= 300*time.Millisecond {
		return true
	}
	if l.phase == settling {
		return l.window.ended >= int(max(l.before, l.places)) || l.window.elapsed >= enoughTime
	}
	if l.distress {
		return l.window.ended >= fewCalls
	}
	return l.window.ended >= enoughCalls || l.window.elapsed >= enoughTime && l.window.ended >= fewCalls || l.window.elapsed >= 4*enoughTime
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
	if l.phase != holding { // too few calls for the trial
		l.places, l.phase = max(l.before, l.places), holding
	}
	l.failures = 0
	l.window, l.rate, l.held, l.patience, l.up = window{}, 0, firstPatience, firstPatience, false
	l.roomFor += w.elapsed
	if mean := w.mean(); mean > 0 && w.good >= fewCalls {
		switch {
		case l.base == 0:
			l.base = mean
		case mean < l.base:
			l.base += (mean - l.base) / 4
		default:
			l.base += (mean - l.base) / 64
		}
	}
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
	l.before, l.phase = l.places, settling
	if l.up || l.close(m.mean()) {
		l.places = min(mostPlaces, max(l.places*more, l.places+1))
		return
	}
	step := fewer
	if l.distress {
		step = math.Pow(muchFewer, float64(1+l.failures))
	}
	l.places = max(leastPlaces, min(l.places*step, l.places-1))
	if l.places >= l.before {
		l.end(l.before, true)
	}
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
	switch {
	case wentUp && rate >= l.rate*enoughMore:
		l.rate, l.phase, l.held, l.up, l.patience = rate, holding, firstPatience, true, firstPatience
	case !wentUp && rate > 0 && (rate >= l.rate*asMuch || l.places <= l.before*muchFewer && rate >= l.rate*mostly):
		l.failures = 0
		l.rate, l.phase, l.held, l.up = max(rate, l.rate), holding, l.patience, false
	default:
		l.failures++
		l.end(l.before, !wentUp)
	}
}

// end goes back to so many places, and holds them for a while.
func (l *limit) end(places float64, up bool) {
	l.places, l.phase, l.up = places, holding, up
	l.held = 0
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
