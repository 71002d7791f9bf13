package overload

import (
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/pressure"
)

// classes is how many classes of calls there are.
const classes = int(criticality.Critical)

// highest is the rank of the class that matters most.
const highest = classes - 1

// rankOf returns the place of a call's class among the classes, from 0.
func rankOf(m criticality.Mark) int { return int(m.Class.OrDefault() - criticality.Low) }

// lane is where the calls of one class wait. The lock of the room guards it.
type lane struct {
	line queue.Line
	// stands is for how long, on balance, more has waited than can be answered in good
	// time: it grows while that is so, and shrinks at a third of the pace while it is not.
	stands time.Duration
	// exceeds is for how long it still counts that of this class and those above it more
	// came than can be answered.
	exceeds time.Duration
	// arrivals are the calls of the class while there is a strain, and starts those that
	// got a place after a wait.
	arrivals, starts rate
	// came are the calls of this interval that met no free place, of which some are served
	// or refused in it, and waited is how long those that were served have.
	came, served, refused int
	waited                time.Duration
	// level is below which cohorts are refused at once, while the queue stands.
	level float64
	// total counts the calls that were refused.
	total uint64
}

// cutsOff reports whether calls of that cohort are refused before they wait.
func (l *lane) cutsOff(c criticality.Cohort) bool {
	return c != 0 && float64(c) <= l.level
}

// stand notes that for some time more has waited than can be answered in good time, or
// less. While more comes than can be answered, that less waits is only because others are
// refused. The highest class, for which nobody is, recovers as fast as it fell.
func (l *lane) stand(waits, comes, highest bool, elapsed, burst time.Duration) {
	if l.exceeds = max(0, l.exceeds-elapsed); comes {
		l.exceeds = time.Second
	}
	switch {
	case waits:
		l.stands = min(l.stands+elapsed, burst)
	case comes:
	case highest:
		l.stands = max(0, l.stands-elapsed)
	default:
		l.stands = max(0, l.stands-elapsed/3)
	}
}

// refuse counts a call that is refused.
func (l *lane) refuse() {
	l.refused++
	l.total++
}

// serve gives a call its turn: the first, or the newest.
func (l *lane) serve(now policy.Instant, newest bool) {
	w := l.line.First(newest)
	l.line.ServeThis(w)
	l.served++
	l.waited += now.Sub(w.Since)
}

// step ends an interval, and returns the pressure: what the waits of those who were served
// come to. What part of the class is served says which cohorts are.
func (l *lane) step(came int, elapsed, good time.Duration) float64 {
	l.arrivals.add(float64(came), elapsed)
	l.starts.add(float64(l.served), elapsed)
	if l.refused > 0 && l.came > 0 {
		want := float64(criticality.Cohorts) * min(1, float64(l.refused)/float64(l.came))
		l.level += (want - l.level) * 0.3
	} else {
		l.level = max(0, l.level-2)
	}
	var mean time.Duration
	if l.served > 0 {
		mean = l.waited / time.Duration(l.served)
	}
	l.came, l.served, l.refused, l.waited = 0, 0, 0, 0
	return pressure.Saturating(mean, 2*good)
}

// allowed returns how long a call may wait in a queue that has stood for so long: at
// first, which may be a burst, as long as its deadline allows, and less and less as the
// queue goes on standing, down to a good wait.
func allowed(budget, good, standing, burst time.Duration) time.Duration {
	if budget <= good || standing <= 0 {
		return budget
	}
	share := min(1, float64(standing)/float64(burst))
	return time.Duration(float64(budget) * math.Pow(float64(good)/float64(budget), share))
}

// rate is events per second, averaged over about half a second. The zero rate knows none.
type rate struct {
	perSecond float64
	known     bool
}

// add notes the events of a time.
func (r *rate) add(events float64, elapsed time.Duration) {
	now := events / elapsed.Seconds()
	if !r.known {
		r.perSecond, r.known = now, true
		return
	}
	r.perSecond += (now - r.perSecond) * (1 - math.Exp(-2*elapsed.Seconds()))
}
