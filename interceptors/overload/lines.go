package overload

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// lines are where calls wait, a lane for each class, and what is known of how fast they
// move. The lock of the room guards them.
type lines struct {
	lanes [classes]lane
	// places is how many calls may be in flight, as of the last step.
	places int
	full   bool // they are all taken
	// ends are the calls that ended well, took what one took lately.
	ends rate
	took time.Duration
	// budget is how long calls can wait, as of late.
	budget time.Duration
	// looked is when it was noted last how many wait.
	looked policy.Instant
}

// newLines returns lines in which nobody waits for so many places.
func newLines(places int, now policy.Instant) lines {
	return lines{places: places, budget: defaultBudget, looked: now}
}

// waiting returns how many calls wait.
func (q *lines) waiting() int {
	n := 0
	for i := range q.lanes {
		n += q.lanes[i].line.Len()
	}
	return n
}

// serve gives one of those that wait its turn: of a class in order of arrival, or the
// newest where its queue stands. Somebody waits.
func (q *lines) serve(now policy.Instant) {
	l := q.next()
	l.serve(now, l.stands >= q.burst()/2)
}

// patience returns how long a call of a class may wait that has so much time for it. Of a
// class that cannot all be answered, that does not depend on for how long it has been this
// class that has to wait, and not the one below; but the highest waits as long as it can.
func (q *lines) patience(rank int, budget time.Duration) time.Duration {
	stands := q.lanes[rank].stands
	if q.lanes[rank].exceeds > 0 && rank < highest {
		stands = max(stands, q.lanes[0].stands)
	}
	return allowed(budget, q.good(), stands, q.burst())
}

// admits reports whether a call of a class that has so much time for it may wait, and for
// how long.
func (q *lines) admits(rank int, budget time.Duration, cohort criticality.Cohort) (patience time.Duration, ok bool) {
	patience = q.patience(rank, budget)
	return patience, patience > 0 && !q.lanes[rank].cutsOff(cohort) && q.expected(rank) <= patience
}

// step ends an interval, of which the window tells, and returns the pressure.
func (q *lines) step(w *window, strained bool) float64 {
	if mean := w.mean(); mean > 0 {
		q.took += (mean - q.took) / 2
	}
	if strained {
		q.ends.add(float64(w.good), w.elapsed)
	}
	came, refused, waits := 0, 0, 0.0
	for i := range q.lanes {
		came, refused = came+q.lanes[i].came, refused+q.lanes[i].refused
		waits = max(waits, q.lanes[i].step(w.came[i], w.elapsed, q.good()))
	}
	return max(waits, float64(refused)/float64(max(1, came)))
}

// forget drops what was learned. Nobody waits.
func (q *lines) forget(now policy.Instant) {
	fresh := newLines(q.places, now)
	for i := range q.lanes {
		fresh.lanes[i].total = q.lanes[i].total
	}
	*q = fresh
}

// rejectedOf returns how many calls of each class were refused, the lowest first.
func (q *lines) rejectedOf() (all [classes]uint64) {
	for i := range q.lanes {
		all[i] = q.lanes[i].total
	}
	return all
}

// nearly is the share of what can be answered from which on there are more calls than that
// for a class: its queue would grow long by chance alone.
const nearly = 0.95

// beyond is the same for the highest class, which is refused only if it must be.
const beyond = 1.05

// next returns whose turn it is: that of the class whose first has waited longest, and
// in a crowd that of the highest one. Somebody waits.
func (q *lines) next() *lane {
	crowd := q.crowd()
	var next *lane
	for i := highest; i >= 0; i-- {
		l := &q.lanes[i]
		switch {
		case l.line.Empty():
		case next == nil, !crowd && l.line.First(false).Since < next.line.First(false).Since:
			next = l
		}
	}
	return next
}

// crowd reports whether more waits than a burst may bring: then calls are served by
// what they matter, else in order of arrival.
func (q *lines) crowd() bool {
	for i := range q.lanes {
		if q.lanes[i].refused > 0 {
			return true
		}
	}
	waiting := float64(q.waiting())
	return q.lanes[0].stands >= q.burst()/4 || waiting > q.flow()*q.budget.Seconds()/3
}

// look notes how much has waited since the last look. For a class, those of higher
// classes are ahead.
func (q *lines) look(now policy.Instant) {
	elapsed := now.Sub(q.looked)
	q.looked = now
	flow, good, burst := q.flow(), q.good(), q.burst()
	most := flow
	if q.full { // then it is what is finished, however many places there are
		most = q.ends.perSecond
	}
	ahead, comes, share := 0, 0.0, beyond
	for i := highest; i >= 0; i-- {
		l := &q.lanes[i]
		ahead, comes = ahead+l.line.Len(), comes+l.arrivals.perSecond
		l.stand(float64(ahead) > flow*good.Seconds(), comes > share*most, i == highest, elapsed, burst)
		share = nearly
	}
}

// good returns how long calls may wait where the queue stands: about as long as
// they do without overload.
func (q *lines) good() time.Duration {
	return max(5*time.Millisecond, q.took/2, time.Duration(float64(8*time.Second)/max(q.flow(), 1)))
}

// burst returns how long a burst may take to drain: the time of 600 calls.
func (q *lines) burst() time.Duration {
	const calls, shortest, longest = 600, 400 * time.Millisecond, 10 * time.Second
	return min(longest, max(shortest, time.Duration(float64(calls*time.Second)/max(q.flow(), 1))))
}

// flow returns how many calls can end per second: as many as do, or as the places
// make possible.
func (q *lines) flow() float64 {
	flow := q.ends.perSecond
	if q.took > 0 {
		flow = max(flow, float64(q.places)/q.took.Seconds())
	}
	return flow
}

// expected returns how long a call of a class that comes now would wait. Where the
// queue stands, only what is left by higher classes is there for it; a burst of theirs is
// soon over.
func (q *lines) expected(rank int) time.Duration {
	flow := q.flow()
	if flow <= 0 {
		return 0 // nothing is known
	}
	own, ahead := &q.lanes[rank], 1
	for i := rank; i < classes; i++ {
		ahead += q.lanes[i].line.Len()
	}
	if own.stands >= q.burst()/2 {
		flow = max(own.starts.perSecond, flow/50)
	}
	return time.Duration(float64(ahead) / flow * float64(time.Second))
}
