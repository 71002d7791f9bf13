package breaker

import (
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// halfOpen lets a few calls through as probes. The breaker's lock guards it.
// A probe has a slot until it is judged, gives it back, or runs out of time, so
// that no call can keep the breaker half-open for ever.
type halfOpen struct {
	b         *Breaker
	lastID    uint64
	probes    []probe // in flight, the oldest first
	lastUse   policy.Instant
	successes int
}

// probe is a call under way in a half-open breaker.
type probe struct {
	id      uint64
	at      policy.Instant // when admitted; once started, when started
	started bool
}

func (*halfOpen) state() State { return HalfOpen }

// admit gives the call a probe's slot, or refuses it.
func (h *halfOpen) admit(call *policy.Call) (p policy.Permit, passed bool, err error) {
	b := h.b
	now := call.Now()
	b.mu.Lock()
	defer b.deliver()
	defer b.mu.Unlock()
	if !b.isCurrent(h) || h.expireLocked(now) {
		return policy.Permit{}, true, nil
	}
	s := b.settings.Load()
	if len(h.probes) >= s.Probes {
		return policy.Permit{}, false, b.refuse(call, time.Time{})
	}
	h.lastID = (h.lastID + 1) & idMask // few are in flight, so that none has this id
	h.lastUse = now
	h.probes = append(h.probes, probe{id: h.lastID, at: now})
	call.Notes |= policy.NoteProbe
	return policy.Permit{
		Settler: h,
		Token:   s.token(call) | h.lastID,
		Wants:   policy.WantsStart | policy.WantsEnd | policy.WantsEvidence | wantsOf(call),
	}, false, nil
}

// expireLocked frees the slots of probes that ran out of time, and reopens the
// breaker if one of them had started: at the instant its time was up, so that
// a breaker without traffic loses none of its open time.
func (h *halfOpen) expireLocked(now policy.Instant) (reopened bool) {
	s := h.b.settings.Load()
	var failedAt policy.Instant
	h.probes = slices.DeleteFunc(h.probes, func(p probe) bool {
		up := p.at.Add(s.ProbeTimeout)
		if now < up {
			return false
		}
		if p.started && (!reopened || up < failedAt) {
			failedAt, reopened = up, true
		}
		return true
	})
	if reopened {
		h.b.openLocked(opening{cause: causeHungProbe, at: failedAt})
	}
	return reopened
}

// Started begins the time of a probe: what it waited before was our own.
func (h *halfOpen) Started(token uint64, at policy.Instant) {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	if i := h.indexLocked(token); i >= 0 {
		h.probes[i].at, h.probes[i].started = at, true
	}
}

// Responded judges a probe that is a stream by its first message.
func (h *halfOpen) Responded(token uint64, started, at policy.Instant) {
	h.take(token, policy.Success, &policy.Outcome{Started: started, Responded: at}, at)
}

// Settle judges a probe, unless its first message did. One that was ignored, was shed or
// did not start gives its slot back.
func (h *halfOpen) Settle(token uint64, o *policy.Outcome) {
	v := h.b.settings.Load().verdict(o)
	if !h.take(token, v, o, o.End) && o.Responded == 0 {
		h.b.reportLate(v, o)
	}
}

// take gives a probe's slot back and counts how the probe ended. It reports
// whether the probe still had its slot.
func (h *halfOpen) take(token uint64, v policy.Verdict, o *policy.Outcome, now policy.Instant) bool {
	h.b.mu.Lock()
	i := h.indexLocked(token)
	if i >= 0 {
		h.probes = slices.Delete(h.probes, i, i+1)
		e := h.b.settings.Load().ending(v, token, o, &h.b.usual)
		if o.Sent == policy.No {
			e = ignored // the dependency was not asked
		}
		h.judgeLocked(e, o, now)
	}
	h.b.mu.Unlock()
	h.b.deliver()
	return i >= 0
}

// judgeLocked counts a probe's end. One that was shed decides nothing, so that any
// number of them may, unless the dependency has answered nothing for too long.
func (h *halfOpen) judgeLocked(e ending, o *policy.Outcome, now policy.Instant) {
	switch e {
	case ignored:
	case ok:
		h.b.shedding.end()
		h.successes++
		if h.successes >= h.b.settings.Load().SuccessesToClose {
			h.b.closeLocked(causeRecovered, figures{}, now)
		}
	case slow:
		h.b.openLocked(opening{cause: causeSlowProbe, at: now})
	case failed:
		h.b.openLocked(opening{cause: causeProbe, at: now, pushback: pushbackOf(o)})
	case shed:
		if h.b.shedding.shed(now) {
			h.b.openLocked(opening{cause: causeShedProbe, shed: true, at: now, pushback: pushbackOf(o)})
		}
	}
}

// indexLocked finds the probe of a token, -1 if it has no slot any more.
func (h *halfOpen) indexLocked(token uint64) int {
	if !h.b.isCurrent(h) {
		return -1
	}
	return slices.IndexFunc(h.probes, func(p probe) bool { return p.id == token&idMask })
}

func (h *halfOpen) idle(window policy.Instant) bool {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	return len(h.probes) == 0 && policy.Now()-h.lastUse >= window
}

func (h *halfOpen) describe(snap *Snapshot) {
	snap.ProbesInFlight, snap.ProbesSucceeded = len(h.probes), h.successes
}
