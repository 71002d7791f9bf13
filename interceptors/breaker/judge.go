package breaker

import (
	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Causes of transitions, as reported.
const (
	causeRun       = "consecutive_failures"
	causeFailures  = "failure_ratio"
	causeSlow      = "slow_ratio"
	causeOverdue   = "overdue"
	causeProbe     = "probe_failed"
	causeSlowProbe = "probe_slow"
	causeHungProbe = "probe_timeout"
	causeElapsed   = "open_time_over"
	causeRecovered = "probes_succeeded"
	causeMode      = "mode"
)

// figures are what a transition was decided on.
type figures struct {
	window.Counts

	overdue int
}

// judge opens the breaker if the call that just ended, badly, tips it.
func (c *closed) judge(j *judged, o policy.Outcome) {
	now := o.End
	counts := j.window.Sum(now)
	var cause string
	switch run := c.run.Load(); {
	case j.ConsecutiveFailures != Off && run >= int64(j.ConsecutiveFailures):
		cause = causeRun
	case counts.Calls >= j.MinCalls && j.failureRatio.met(counts.Failures, counts.Calls):
		cause = causeFailures
	case j.tooSlow(counts, 0):
		cause = causeSlow
	case j.tooSlow(j.window.LastSecond(now), 0):
		cause, counts = causeSlow, j.window.LastSecond(now)
	default:
		return
	}
	c.b.trip(c, cause, figures{Counts: counts}, now, pushbackOf(o))
}

// tooSlow judges failed, slow and overdue calls together.
func (s *settings) tooSlow(c window.Counts, overdue int) bool {
	return s.SlowAfter != 0 && c.Calls+overdue >= s.MinCalls &&
		s.slowRatio.met(c.Bad()+overdue, c.Calls+overdue)
}

// judgeOverdue opens the breaker if the calls in flight past SlowAfter tip it
// in two looks in a row, an eighth of SlowAfter apart or more, and reports
// whether it did. One look is not enough: after a pause of this process every
// call in flight looks overdue, though its answer is here and only waits to be
// read.
func (c *closed) judgeOverdue(j *judged, now policy.Instant) bool {
	all, sinceGood := j.ring.overdue(now)
	counts, tipped := j.tippedInFlight(all, sinceGood, now)
	if suspected := j.ring.suspect.Swap(tipped); !tipped || !suspected {
		return false
	}
	return c.b.trip(c, causeOverdue, figures{Counts: counts, overdue: all}, now, 0)
}

// tippedInFlight judges calls in flight past SlowAfter, and returns what they
// were counted with. Those that started since anything last succeeded need only
// be few; otherwise they count as slow calls among the others.
func (j *judged) tippedInFlight(all, sinceGood int, now policy.Instant) (window.Counts, bool) {
	if all == 0 {
		return window.Counts{}, false
	}
	counts := j.window.Sum(now)
	if sinceGood >= max(3, j.MinCalls/4) || j.tooSlow(counts, all) {
		return counts, true
	}
	counts = j.window.LastSecond(now)
	return counts, j.tooSlow(counts, all)
}
