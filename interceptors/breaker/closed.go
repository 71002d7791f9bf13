package breaker

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// closed lets every call through and judges how they end.
type closed struct {
	b *Breaker
	// judged is what calls are judged by. Update replaces it.
	judged atomic.Pointer[judged]
	run    run
	// slowed is there while the dependency is slow, see that.
	slowed atomic.Pointer[slowed]
	// first is the initial judged, and timed its window: inline, for locality.
	first judged
	timed window.Timed
}

// init readies c for the calls of b.
func (c *closed) init(b *Breaker, s *settings) {
	c.b = b
	c.first = judgedBy(s, &c.timed)
	if s.SlowAfter == 0 && b.learned.known() {
		c.first.ring = newRing(policy.Instant(b.learned.overdue.Load()))
	}
	c.judged.Store(&c.first)
}

func (*closed) state() State { return Closed }

// admit lets the call through, see let.
func (c *closed) admit(_ context.Context, call *policy.Call) (p policy.Permit, passed bool, err error) {
	p, passed = c.let(call)
	return p, passed, nil
}

func (*closed) wouldAdmit(policy.Instant) bool { return true }

// let lets the call through, after a look at the calls in flight.
func (c *closed) let(call *policy.Call) (p policy.Permit, passed bool) {
	j := c.judged.Load()
	p = policy.Permit{Settler: c, Wants: j.wants, Token: paced}
	if call.Shape != policy.Unary || call.Deadline.IsZero() || j.MinDeadline > 0 {
		p.Wants, p.Token = p.Wants|wantsOf(call), j.token(call)
	}
	if c.run.onBrink() {
		p.Wants |= policy.WantsEvidence
	}
	if j.ring == nil {
		return p, false
	}
	now := call.Now()
	if j.ring.due(now) && c.judgeOverdue(j, call, now) {
		return policy.Permit{}, true
	}
	if call.Shape.ServerPaced() {
		p.Token |= j.ring.id
	}
	return p, false
}

// Started notes a call in flight.
func (c *closed) Started(token uint64, at policy.Instant) {
	if r := c.judged.Load().ringOf(token); r != nil {
		r.start(at)
	}
}

// Responded notes that a stream in flight has answered.
func (c *closed) Responded(token uint64, started, _ policy.Instant) {
	if r := c.judged.Load().ringOf(token); r != nil {
		r.end(started)
	}
}

// Settle counts the end of a call and judges the window if it was a bad one.
func (c *closed) Settle(token uint64, o *policy.Outcome) {
	j := c.judged.Load()
	r := j.ringOf(token)
	if r != nil && o.Started != 0 && o.Responded == 0 {
		r.end(o.Started)
	}
	if c.b.calm.Load() != c {
		c.late(j.verdict(o), o)
		return
	}
	if o.Err == nil && o.Verdict == policy.Success && j.SlowAfter <= 0 { // as most calls end
		c.succeeded(j, r, token, o)
		return
	}
	c.count(j, r, token, o)
}

// count counts the end of a call as what it means.
func (c *closed) count(j *judged, r *ring, token uint64, o *policy.Outcome) {
	switch j.ending(j.verdict(o), token, o, &c.b.usual) {
	case ignored:
	case ok:
		c.succeeded(j, r, token, o)
	case slow:
		j.add(o.End, window.Slow)
		c.run.end()
		c.judge(j, o, false)
	case failed:
		if !overslept(o) && !c.b.lost.joins(token, o) {
			c.failed(j, o, false)
		}
	case shed:
		if c.shed(o.End) {
			c.failed(j, o, true)
		}
	}
}

// succeeded counts a call that was answered, in time where that was set by hand.
func (c *closed) succeeded(j *judged, r *ring, token uint64, o *policy.Outcome) {
	k := window.OK
	if token&paced != 0 && o.Started != 0 {
		k = c.learn(j, o)
	}
	j.add(o.End, k)
	c.run.end()
	if r != nil && (k == window.OK || !j.strict()) {
		r.good(o.End)
	}
	if k == window.Slow {
		c.judgeSlow(j, o)
	}
	if s := c.slowed.Load(); s != nil {
		s.answered(k == window.OK, o)
	}
}

// judgeSlow judges an answer that took longer than is usual. Where SlowRatio is set by hand
// it counts as bad; otherwise too many of them turn away callers who have something else.
func (c *closed) judgeSlow(j *judged, o *policy.Outcome) {
	if j.strict() {
		c.judge(j, o, false)
		return
	}
	if cause, counts := j.slowness(j.window().Sum(o.End), o.End); cause != "" {
		slow := j.opening(causeSlow, figures{Counts: counts}, o.End)
		slow.failing = answeredAfter(o)
		beginSlowed(c.b, c, slow)
	}
}

// goodLate notes that a call of an earlier closed stay was answered.
func (c *closed) goodLate(of *closed, at policy.Instant) {
	if r := c.judged.Load().ring; r != nil && c != of {
		r.good(at)
	}
}

// learn learns from a call that was answered, unless too many are slow for that, and
// returns what it counts as.
func (c *closed) learn(j *judged, o *policy.Outcome) window.Kind {
	l, took := &c.b.learned, answeredAfter(o)
	k := window.OK
	if j.SlowAfter == 0 && l.isSlow(took) {
		k = window.Slow
		if w := j.window(); tooManySlow(w.Sum(o.End)) || tooManySlow(w.Latest(o.End, 0)) {
			return k
		}
	}
	c.b.usual.answered(took, o.End)
	if j.SlowAfter == 0 && l.look(&c.b.usual.sketch, o.End) {
		if after := policy.Instant(l.overdue.Load()); j.ring == nil || !j.ring.fits(after) {
			c.renewRing(after)
		}
	}
	return k
}

// renewRing puts another ring in place, since calls take longer or shorter than they did.
// The calls in flight are forgotten.
func (c *closed) renewRing(after policy.Instant) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	now := *c.judged.Load()
	if now.SlowAfter == 0 {
		now.ring = newRing(after)
		c.judged.Store(&now)
	}
}

// late notes that a call ended when this stay was over. If the breaker opened because
// nothing was answered, and here is an answer, that was a mistake.
func (c *closed) late(v policy.Verdict, o *policy.Outcome) {
	if v == policy.Success && o.Started != 0 {
		answeredLate(c.b, c, answeredAfter(o), o.End)
	}
	c.b.reportLate(v, o)
}

// failed counts a call that failed, or was shed and counts as such.
func (c *closed) failed(j *judged, o *policy.Outcome, wasShed bool) {
	j.add(o.End, window.Failed)
	c.run.fail(j.ring == nil || o.Started == 0 || j.ring.fresh(o.Started))
	c.judge(j, o, wasShed)
}

// shed notes that a call was shed, and reports whether that counts as a failure. Whether
// something was answered meanwhile shows in the run.
func (c *closed) shed(at policy.Instant) (failed bool) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	if !c.b.isCurrent(c) {
		return false
	}
	if c.run.shed() {
		c.b.shedding.end()
	}
	return c.b.shedding.shed(at)
}

// judge opens the breaker if the call that just ended, badly, tips it.
func (c *closed) judge(j *judged, o *policy.Outcome, wasShed bool) {
	r := j.stretch(&c.run, o.End)
	cause, counts := j.tripped(&r), r.all
	if cause == "" && j.strict() {
		cause, counts = j.slowness(counts, o.End)
	}
	if cause == "" {
		if !c.run.onBrink() && j.onBrink(r) {
			c.run.setBrink()
		}
		return
	}
	if wasShed {
		cause = causeShed
	}
	tipped := j.opening(cause, figures{Counts: counts, by: o.By}, o.End)
	tipped.shed, tipped.pushback, tipped.failing = wasShed, pushbackOf(o), took(o)
	c.b.trip(c, tipped)
}

// judgeOverdue opens the breaker if the calls in flight for too long tip it, in two looks,
// and reports whether it did. A silence that is only longer than usual turns away callers
// who have something else; it opens once it is longer than the others can bear.
func (c *closed) judgeOverdue(j *judged, call *policy.Call, now policy.Instant) bool {
	f, first, tipped := j.tippedInFlight(&c.run, &c.b.learned, now)
	silence, confirmed := j.ring.suspected(tipped, first, now)
	if !confirmed {
		return false
	}
	o := j.opening(causeOverdue, f, now)
	if after := time.Duration(j.overdueAfter(&c.b.learned, now)); !j.strict() && silence < bearable(call, now, after) {
		o.failing = after
		beginSlowed(c.b, c, o)
		return false
	}
	c.b.trip(c, o)
	return true
}

func (c *closed) idle(policy.Instant) bool {
	j, now := c.judged.Load(), policy.Now()
	return j.window().Quiet(now) && (j.ring == nil || j.ring.inFlight() == 0) && !c.sheds(now)
}

// sheds reports whether the dependency has shed calls of late and answered none since.
func (c *closed) sheds(now policy.Instant) bool {
	if !c.run.hasShed() {
		return false
	}
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	return c.b.shedding.lastsAt(now)
}

func (c *closed) describe(snap *Snapshot) {
	j, now := c.judged.Load(), policy.Now()
	counts := j.window().Sum(now)
	snap.Calls, snap.Failures, snap.Slow = counts.Calls, counts.Failures, counts.Slow
	snap.ConsecutiveFailures = c.run.failures()
	if j.ring != nil {
		snap.Overdue = j.ring.longer(now, j.overdueAfter(&c.b.learned, now))
	}
}

// adapt gives a closed breaker a new window or ring if the settings ask for
// one. What stays is shared, so that no count is lost.
func (c *closed) adapt(old, s *settings) {
	was := c.judged.Load()
	now := judgedBy(s, new(window.Timed))
	if old.Window == s.Window && old.Buckets == s.Buckets && old.WindowCalls == s.WindowCalls {
		now.timed, now.counted = was.timed, was.counted
	}
	if old.SlowAfter == s.SlowAfter {
		now.ring = was.ring
	}
	c.judged.Store(&now)
}
