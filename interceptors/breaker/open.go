package breaker

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// opening is why and when a breaker opens.
type opening struct {
	figures

	cause string
	// shed: the call that tipped it was shed, and did not fail.
	shed bool
	at   policy.Instant // may lie in the past
	// pushback is how long the dependency asked to be left alone, zero if it did not.
	pushback time.Duration
	// again: the outage of before goes on.
	again bool
	// calls is how many came in the second before.
	calls int
	// failing is how long the call took that tipped it.
	failing time.Duration
	// from is the closed phase that it opened from, nil if it was not closed.
	from *closed
}

// open refuses calls, and lets one in now and then to see whether the dependency is back.
// The breaker's lock guards it but for wait.
type open struct {
	opening

	b    *Breaker
	wait atomic.Pointer[wait]
	// next is when the next probe is due, whether there is a place for it or not.
	next policy.Instant
	// sent is when the last one was sent, or the circuit opened.
	sent      policy.Instant
	running   []*probe // the oldest first
	successes int
	lastUse   policy.Instant
}

// wait is until when calls are refused.
type wait struct {
	until policy.Instant
	// retry is until on the wall clock, as refusals carry it.
	retry time.Time
	// probing: probes are running, so that a call may be one inside a probe.
	probing bool
}

// newOpenLocked returns the phase of a breaker that opens.
func newOpenLocked(b *Breaker, cause opening) *open {
	o := &open{opening: cause, b: b, sent: cause.at}
	o.dueLocked(cause.at.Add(max(o.paceLocked(cause.at), min(cause.pushback, b.settings.Load().MaxOpenFor))))
	return o
}

func (*open) state() State { return Open }

// admit refuses the call, or makes it a probe if one is due.
func (o *open) admit(ctx context.Context, call *policy.Call) (p policy.Permit, passed bool, err error) {
	now, w := call.Now(), o.wait.Load()
	if now < w.until && !w.probing {
		return policy.Permit{}, false, o.b.refuse(call, w.retry)
	}
	b := o.b
	b.mu.Lock()
	defer b.deliver()
	defer b.mu.Unlock()
	if !b.isCurrent(o) || o.outlivedLocked(now) {
		return policy.Permit{}, true, nil
	}
	if insideLocked(ctx, b) {
		return policy.Permit{}, false, nil
	}
	if w = o.wait.Load(); now < w.until {
		return policy.Permit{}, false, b.refuse(call, w.retry)
	}
	o.sent, o.lastUse = now, now
	pr, p := letInLocked(ctx, b, call, o, now)
	o.running = append(o.running, pr)
	o.dueLocked(now.Add(o.paceLocked(now)))
	return p, false, nil
}

// paceLocked returns how long to wait for the next probe.
func (o *open) paceLocked(at policy.Instant) time.Duration {
	s := o.b.settings.Load()
	if o.shed {
		return vary(s, o.b.shedding.openFor(s.OpenFor), &o.b.chance)
	}
	return o.b.pace.next(s, at, o.b.refused.Load(), &o.b.chance)
}

// dueLocked sets when the next probe is due.
func (o *open) dueLocked(at policy.Instant) {
	o.next = at
	o.waitLocked()
}

// waitLocked tells callers until when calls are refused: until a probe is due and fewer
// than Probes run that began within ProbeTimeout. How the others end counts all the same.
func (o *open) waitLocked() {
	s, until := o.b.settings.Load(), o.next
	if n := len(o.running) - s.Probes; n >= 0 {
		until = max(until, o.running[n].at.Add(s.ProbeTimeout))
	}
	if w := o.wait.Load(); w != nil && w.until == until {
		if w.probing != (len(o.running) > 0) {
			o.wait.Store(&wait{until: until, retry: w.retry, probing: len(o.running) > 0})
		}
		return
	}
	retry := time.Now().Add(until.Sub(policy.Now()))
	o.wait.Store(&wait{until: until, retry: retry, probing: len(o.running) > 0})
}

// outlives is how many times as long as the calls that failed a probe must run for that
// to say that it does not fail as they did, and leastLife the least time.
const (
	outlives  = 3
	leastLife = time.Second
)

// outlivedLocked takes a probe that runs for much longer than the calls that failed for a
// good one: a quiet subscription or a long poll may not answer for hours. Where it was the
// time that calls took for which the circuit opened, it says nothing.
func (o *open) outlivedLocked(now policy.Instant) bool {
	if o.shed || judgesTime(o.cause) {
		return false
	}
	for _, p := range o.running {
		if now.Sub(p.at) >= max(leastLife, outlives*o.b.pace.failing) {
			p.judged = true
			recoverLocked(o.b, causeProbeLives, p.at.Add(max(leastLife, outlives*o.b.pace.failing)))
			return true
		}
	}
	return false
}

// startedLocked moves the end of the probe's time.
func (o *open) startedLocked(*probe) { o.waitLocked() }

// endLocked judges a probe. One that was ignored, or did not start, has cost nothing, so
// that the next call is one; one that was shed decides nothing, unless the dependency has
// answered nothing for too long.
func (o *open) endLocked(p *probe, e ending, out *policy.Outcome, now policy.Instant) {
	o.running = slices.DeleteFunc(o.running, func(q *probe) bool { return p == q })
	s := o.b.settings.Load()
	switch e {
	case ok:
		o.b.shedding.end()
		o.successes++
		if o.successes >= s.SuccessesToClose {
			recoverLocked(o.b, causeProbe, now)
			return
		}
		o.next = now
	case ignored:
		o.next = min(o.next, now.Add(unsentWait(out)))
	case shed:
		if o.b.shedding.shed(now) {
			o.shed = true
			o.next = now.Add(max(o.paceLocked(now), min(pushbackOf(out), s.MaxOpenFor)))
			o.b.shedding.opened(true, o.next)
		}
	case failed, slow:
		o.failedLocked(s, out, now)
	}
	o.waitLocked()
}

// unsentWait returns how long to wait after a probe that says nothing. Where there was no
// connection for it, another one will not have one at once.
func unsentWait(out *policy.Outcome) time.Duration {
	if out.Sent == policy.No && out.Lost {
		return leastWait
	}
	return 0
}

// failedLocked notes that a probe failed, or was slow.
func (o *open) failedLocked(s *settings, out *policy.Outcome, now policy.Instant) {
	o.successes = 0
	if o.shed {
		o.shed = false
		o.b.shedding.end()
	}
	o.b.pace.failing = max(o.b.pace.failing, took(out))
	if pause := min(pushbackOf(out), s.MaxOpenFor); pause > 0 {
		o.next = max(o.next, now.Add(pause))
	}
}

// adaptLocked applies new settings: a shorter open time at once.
func (o *open) adaptLocked(s *settings) {
	if most := o.sent.Add(s.OpenFor); o.next > most {
		o.next = most
	}
	o.waitLocked()
}

// tries reports whether a call would be a probe, or probes are running.
func (o *open) tries(now policy.Instant) bool {
	w := o.wait.Load()
	return w.probing || now >= w.until
}

func (o *open) wouldAdmit(now policy.Instant) bool { return now >= o.wait.Load().until }

func (o *open) idle(window policy.Instant) bool {
	o.b.mu.Lock()
	defer o.b.mu.Unlock()
	return len(o.running) == 0 && policy.Now()-max(o.next, o.lastUse) >= window
}

func (o *open) describe(snap *Snapshot) {
	snap.RetryAt, snap.OpenedBy = o.wait.Load().retry, o.by
	snap.ProbesInFlight, snap.ProbesSucceeded = len(o.running), o.successes
}
