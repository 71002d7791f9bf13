package breaker

import (
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// judged is what the calls of a closed breaker are judged by.
type judged struct {
	*settings

	// The window is one of time, as it is most often, or of calls: the other is nil.
	timed   *window.Timed
	counted *window.Counted
	ring    *ring // nil where it is not known how long is slow
	// wants is what every call's permit wants.
	wants policy.Wants
}

// judgedBy makes an empty window, in timed if it is one of time, and a ring.
func judgedBy(s *settings, timed *window.Timed) judged {
	j := judged{settings: s, wants: policy.WantsStart | policy.WantsEnd}
	if s.SlowAfter > 0 {
		j.ring = newRing(policy.Instant(s.SlowAfter))
	}
	if s.WindowCalls > 0 {
		j.counted = window.NewCounted(s.WindowCalls, s.Window)
	} else {
		timed.Init(s.Window, s.Buckets)
		j.timed = timed
	}
	return j
}

// ringOf returns the ring in which a call was started, nil if there was none or it
// has been replaced since.
func (j *judged) ringOf(token uint64) *ring {
	if j.ring != nil && token&idMask == j.ring.id {
		return j.ring
	}
	return nil
}

// add counts a call in the window.
func (j *judged) add(end policy.Instant, k window.Kind) {
	if j.timed != nil {
		j.timed.Add(end, k)
		return
	}
	j.counted.Add(end, k)
}

// window returns the window, of whichever kind it is.
func (j *judged) window() window.Window {
	if j.timed != nil {
		return j.timed
	}
	return j.counted
}

// onBrink reports whether a few more failures in a row would open the breaker.
func (j *judged) onBrink(r stretch) bool {
	n := r.failures + 1
	r.failures, r.fresh = r.failures+n, r.fresh+n
	r.all.Calls, r.all.Failures = r.all.Calls+n, r.all.Failures+n
	return j.tripped(&r) != ""
}

// callsPerSecond returns how many calls ended in the last second, roughly.
func (j *judged) callsPerSecond(now policy.Instant) int {
	if last := j.window().LastSecond(now); last.Calls > 0 {
		return last.Calls
	}
	if j.counted != nil {
		return 0 // the window does not know time
	}
	return j.timed.Sum(now).Calls
}

// opening returns one for a cause that was found now.
func (j *judged) opening(cause string, f figures, now policy.Instant) opening {
	return opening{figures: f, cause: cause, at: now, calls: j.callsPerSecond(now)}
}

// seed counts calls that ended before.
func (j *judged) seed(c window.Counts, at policy.Instant) {
	for range c.Calls - c.Bad() {
		j.add(at, window.OK)
	}
	for range c.Failures {
		j.add(at, window.Failed)
	}
	for range c.Slow {
		j.add(at, window.Slow)
	}
}

// forgiving returns the same with slow answers taken for simple ones.
func (j *judged) forgiving(at policy.Instant) *judged {
	seen := j.window().Sum(at)
	seen.Slow = 0
	now := judgedBy(j.settings, new(window.Timed))
	now.ring = j.ring
	now.seed(seen, at)
	return &now
}

// slowness judges by time, the whole window and its last second, and returns the
// cause to open, "" if there is none.
func (j *judged) slowness(all window.Counts, now policy.Instant) (string, window.Counts) {
	if j.tooSlow(all, 0) {
		return causeSlow, all
	}
	if last := j.window().LastSecond(now); j.tooSlow(last, 0) {
		return causeSlow, last
	}
	return "", all
}

// stretch returns the run of failures of now.
func (j *judged) stretch(r *run, now policy.Instant) stretch {
	w := j.window()
	return stretch{failures: r.failures(), fresh: r.fresh(), all: w.Sum(now), window: w, now: now}
}

// overdueAfter returns after which time a call in flight is overdue: as set by hand, or as
// it was learned.
func (j *judged) overdueAfter(l *learned, now policy.Instant) policy.Instant {
	if j.SlowAfter > 0 {
		return policy.Instant(j.SlowAfter)
	}
	return l.overdueAfter(now)
}

// tippedInFlight judges calls in flight for too long, and returns what they were counted
// with, and when the first of them started that is still in the ring. By the time set by
// hand, a few are enough that started since anything last succeeded; otherwise they count
// as slow calls among the others. By the time that was learned, they are judged as a run of
// failures is: nothing has been answered.
func (j *judged) tippedInFlight(r *run, l *learned, now policy.Instant) (f figures, first policy.Instant, tipped bool) {
	all, sinceGood, first := j.ring.overdue(now, j.overdueAfter(l, now))
	if all == 0 {
		return f, 0, false
	}
	f = figures{Counts: j.window().Sum(now), overdue: all}
	if j.SlowAfter == 0 {
		seen := j.stretch(r, now)
		if sinceGood > 0 && silent.run(sinceGood+min(seen.fresh, seen.all.Failures), seen.usual()) {
			return f, first, true
		}
		if !j.strict() {
			return f, 0, false
		}
		f.overdue, _, _ = j.ring.overdue(now, policy.Instant(l.slow.Load()))
	} else if sinceGood >= max(3, j.MinCalls/4) {
		return f, first, true
	}
	if j.tooSlow(f.Counts, f.overdue) {
		return f, 0, true
	}
	f.Counts = j.window().LastSecond(now)
	return f, 0, j.tooSlow(f.Counts, f.overdue)
}

// took returns how long a call took, zero if nobody wanted to know.
func took(o *policy.Outcome) time.Duration {
	if o.Started == 0 {
		return 0
	}
	return o.End.Sub(o.Started)
}

// answeredAfter returns how long the caller waited for the response, or for the first one
// of several.
func answeredAfter(o *policy.Outcome) time.Duration {
	if o.Responded != 0 {
		return o.Responded.Sub(o.Started)
	}
	return o.End.Sub(o.Started)
}

// mostOverslept is how late a process that runs sees at most that a deadline has passed.
const mostOverslept = 50 * time.Millisecond

// overslept reports whether a call ran out of time while this very process stood still, or
// was starved: the answer may have come in time.
func overslept(o *policy.Outcome) bool {
	return o.Overslept > mostOverslept && policy.Code(o.Err) == codes.DeadlineExceeded
}
