package breaker

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// halfOpen lets a share of the calls in once a probe was good. The share climbs with time,
// and steps back where calls fail. The breaker's lock guards it.
type halfOpen struct {
	b *Breaker
	// step is the present one of steps, and until when it ends if all goes well.
	step  int
	until policy.Instant
	// setbacks is how many times the share stepped back: each makes steps twice as long.
	setbacks int
	// came counts calls, so that every n-th is let in. It begins anywhere, so that the
	// clients of a fleet do not let in the same ones.
	came uint64
	// here are the calls that ended in this step, all those in all steps.
	here, all window.Counts
	// run is how many failed in a row.
	run int
	// silent are the calls in flight that started in this silence, the first at since. Each
	// answer and each step begins another silence.
	silent  int
	since   policy.Instant
	silence int
	lastUse policy.Instant
}

// steps are the shares that a half-open circuit admits, in percent, each for a third of
// SlowStart. After the last one it closes.
var steps = [...]uint64{10, 25, 50} //nolint:gochecknoglobals // never written

const hundred = 100

// stepCalls is how many calls of a step must have ended for a share set by hand to be
// judged.
const stepCalls = 5

// newHalfOpen returns the phase of a breaker whose dependency answered.
func newHalfOpen(b *Breaker, at policy.Instant) *halfOpen {
	h := &halfOpen{b: b, came: b.chance.Uint64() % hundred, lastUse: at}
	h.enterStep(0, at)
	return h
}

func (*halfOpen) state() State { return HalfOpen }

// enterStep begins a step.
func (h *halfOpen) enterStep(n int, at policy.Instant) {
	h.step, h.here, h.run = n, window.Counts{}, 0
	h.answered()
	long := h.b.settings.Load().SlowStart / time.Duration(len(steps))
	h.until = at.Add(doubled(long, h.setbacks, maxStep))
}

// maxStep bounds how long a step takes, however many times the share stepped back.
const maxStep = 10 * time.Second

// doubled returns d doubled n times, or most if that is less, but never less than d.
func doubled(d time.Duration, n int, most time.Duration) time.Duration {
	for ; n > 0 && d < most/2; n-- {
		d *= 2
	}
	return d
}

// admit lets the call in if it is one of the share, or refuses it.
func (h *halfOpen) admit(ctx context.Context, call *policy.Call) (p policy.Permit, passed bool, err error) {
	now, b := call.Now(), h.b
	b.mu.Lock()
	defer b.deliver()
	defer b.mu.Unlock()
	if !b.isCurrent(h) || h.movedLocked(call, now) {
		return policy.Permit{}, true, nil
	}
	if insideLocked(ctx, b) {
		return policy.Permit{}, false, nil
	}
	h.lastUse = now
	h.came++
	if !h.letsIn(h.came, now) {
		return policy.Permit{}, false, b.refuse(call, time.Time{})
	}
	_, p = letInLocked(ctx, b, call, h, now)
	return p, false, nil
}

// letsIn reports whether the n-th call is one of the share. Where a failure holds up the
// climb, one call at a time is let in besides, so that a few decide also where few come.
func (h *halfOpen) letsIn(n uint64, now policy.Instant) bool {
	share := steps[h.step]
	return n*share/hundred != (n-1)*share/hundred || now >= h.until && h.silent == 0
}

// movedLocked moves on where the time for that has come, and reports whether the circuit
// has left the state.
func (h *halfOpen) movedLocked(call *policy.Call, now policy.Instant) bool {
	if h.hangs(call, now) {
		return h.stepBackLocked(opening{cause: causeOverdue, at: now, figures: figures{Counts: h.here, overdue: h.silent}})
	}
	for now >= h.until && h.run == 0 {
		if h.step == len(steps)-1 {
			closeLocked(h.b, causeRecovered, h.all, h.until)
			return true
		}
		h.enterStep(h.step+1, h.until)
	}
	return false
}

// hangs reports whether so many calls are in flight for too long and nothing is answered
// that the dependency hangs.
func (h *halfOpen) hangs(call *policy.Call, now policy.Instant) bool {
	s := h.b.settings.Load()
	slow := s.SlowAfter
	if slow == 0 {
		slow = time.Duration(h.b.learned.overdueAfter(now))
		if slow > 0 && !s.strict() {
			slow = bearable(call, now, slow)
		}
	}
	return slow > 0 && now.Sub(h.since) >= slow && toStepBack.run(h.silent, usualBad(h.all, 0))
}

// stepBackLocked lowers the share by a step, or opens the circuit again if there is none
// below. It reports whether it did that.
func (h *halfOpen) stepBackLocked(o opening) (opened bool) {
	if h.step == 0 {
		o.again = true
		openLocked(h.b, o)
		return true
	}
	h.setbacks++
	h.enterStep(h.step-1, o.at)
	return false
}

// startedLocked counts a call that nobody has answered.
func (h *halfOpen) startedLocked(p *probe) {
	if h.silent == 0 {
		h.since = p.at
	}
	h.silent++
	p.silence = h.silence
}

// answered begins another silence.
func (h *halfOpen) answered() {
	h.silent = 0
	h.silence++
}

// endLocked counts how a call ended, and judges.
func (h *halfOpen) endLocked(p *probe, e ending, o *policy.Outcome, now policy.Instant) {
	s := h.b.settings.Load()
	if p.silence == h.silence {
		h.silent--
	}
	switch e {
	case ignored:
		return
	case ok:
		h.b.shedding.end()
		h.here.Calls, h.all.Calls = h.here.Calls+1, h.all.Calls+1
		h.run = 0
		h.answered()
		return
	case shed:
		h.answered()
		if h.b.shedding.shed(now) {
			openLocked(h.b, opening{cause: causeShed, shed: true, at: now, pushback: pushbackOf(o), again: true})
		}
		return
	case slow:
		h.here.Slow, h.all.Slow = h.here.Slow+1, h.all.Slow+1
		h.run = 0
	case failed:
		h.here.Failures, h.all.Failures = h.here.Failures+1, h.all.Failures+1
		h.run++
	}
	h.here.Calls, h.all.Calls = h.here.Calls+1, h.all.Calls+1
	if cause := h.tripped(s); cause != "" {
		h.stepBackLocked(opening{cause: cause, at: now, figures: figures{Counts: h.here, by: o.By}, pushback: pushbackOf(o), failing: now.Sub(o.Started)})
	}
}

// tripped judges the calls of the step, and returns the cause to step back, "" if there is
// none.
func (h *halfOpen) tripped(s *settings) string {
	switch {
	case s.ConsecutiveFailures > 0 && h.run >= s.ConsecutiveFailures,
		s.ConsecutiveFailures == 0 && toStepBack.run(h.run, usualBad(h.all, h.run)):
		return causeRun
	case h.here.Calls >= stepCalls && s.failureRatio.met(h.here.Failures, h.here.Calls):
		return causeFailures
	case s.strict() && h.here.Calls >= stepCalls && s.slowRatio.met(h.here.Bad(), h.here.Calls):
		return causeSlow
	default:
		return ""
	}
}

func (h *halfOpen) wouldAdmit(now policy.Instant) bool {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	return now >= h.until && h.run == 0 || h.letsIn(h.came+1, now)
}

func (h *halfOpen) idle(window policy.Instant) bool {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	return policy.Now()-h.lastUse >= window
}

func (h *halfOpen) describe(snap *Snapshot) {
	snap.Calls, snap.Failures, snap.Slow = h.all.Calls, h.all.Failures, h.all.Slow
	snap.ConsecutiveFailures = h.run
	snap.AdmittedShare = float64(steps[h.step]) / hundred
}
