package breaker_test

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// model is a breaker written down as plainly as can be: lists in place of
// atomics, every rule read off the documentation, one goroutine.
type model struct {
	cfg   breaker.Config
	state breaker.State
	// stay numbers the stays in a state: calls of an earlier one are late.
	stay int

	events   []modelEvent // ended calls of this stay
	run      int
	calls    map[*modelCall]bool // in flight, of this stay
	lastGood int64
	lastDue  int64
	suspect  bool

	until     policy.Instant
	openings  int
	closedAt  policy.Instant
	wasClosed bool

	shedding            bool // and nothing was answered since
	shedSince, shedLast policy.Instant
	halvings            int
	openedShed          int // how many times it opened for that

	successes int
	late      int
	rejected  int
}

type modelEvent struct {
	at   policy.Instant
	kind string // "ok", "failed", "slow"
}

type modelCall struct {
	stay    int
	started policy.Instant
	probe   bool
}

const (
	longAgo = -1 << 62
	slots   = 128
)

func newModel(cfg breaker.Config) *model {
	m := &model{cfg: cfg}
	m.enter(breaker.Closed)
	return m
}

// enter starts a new stay, with everything that is counted in it empty.
func (m *model) enter(s breaker.State) {
	m.state, m.events, m.run, m.successes = s, nil, 0, 0
	m.calls = map[*modelCall]bool{}
	m.lastGood, m.lastDue, m.suspect = longAgo, longAgo, false
	m.stay++
}

// shed notes a call that was shed, and says whether it counts as a failure.
func (m *model) shed(now policy.Instant) bool {
	if !m.shedding || now.Sub(m.shedLast) >= time.Minute {
		m.shedding, m.shedSince, m.halvings = true, now, 3
	}
	m.shedLast = now
	return now.Sub(m.shedSince) >= 30*time.Second
}

func (m *model) open(at policy.Instant) { m.openAs(at, false) }

// openAs opens: if calls were shed, for the first open time or less, and the shedding
// goes on.
func (m *model) openAs(at policy.Instant, shed bool) {
	if m.wasClosed {
		m.openings = max(0, m.openings-int(at.Sub(m.closedAt)/m.cfg.Window))
		m.wasClosed = false
	}
	d := m.cfg.OpenFor
	if shed {
		m.openedShed++
		for range m.halvings {
			d /= 2
		}
		m.halvings = max(0, m.halvings-1)
	} else {
		for range m.openings {
			d = min(2*d, m.cfg.MaxOpenFor)
		}
		m.openings++
	}
	m.enter(breaker.Open)
	m.until = at.Add(d)
	m.shedding, m.shedLast = shed, m.until
}

func (m *model) close(at policy.Instant) {
	m.closedAt, m.wasClosed = at, true
	m.enter(breaker.Closed)
}

// begin is a call that comes at now. It returns nil if it is refused.
func (m *model) begin(now policy.Instant) *modelCall {
	for {
		switch m.state {
		case breaker.Closed:
			if !m.trippedInFlight(now) {
				return m.admit(&modelCall{stay: m.stay, started: now})
			}
			m.open(now)
		case breaker.Open:
			if now < m.until {
				m.rejected++
				return nil
			}
			m.enter(breaker.HalfOpen)
		default:
			if at, hung := m.hungProbe(now); hung {
				m.open(at)
				continue
			}
			if len(m.calls) >= m.cfg.Probes {
				m.rejected++
				return nil
			}
			return m.admit(&modelCall{stay: m.stay, started: now, probe: true})
		}
	}
}

func (m *model) admit(c *modelCall) *modelCall {
	m.calls[c] = true
	return c
}

// hungProbe is when the first probe ran out of time, if one did.
func (m *model) hungProbe(now policy.Instant) (at policy.Instant, hung bool) {
	for c := range m.calls {
		if up := c.started.Add(m.cfg.ProbeTimeout); up <= now && (!hung || up < at) {
			at, hung = up, true
		}
	}
	return at, hung
}

// end is the end of a call: "ok", "failed", "shed", "ignored" or "not started".
func (m *model) end(c *modelCall, how string, now policy.Instant) {
	if c.stay != m.stay {
		if how == "ok" || how == "failed" {
			m.late++
		}
		return
	}
	delete(m.calls, c)
	slow := m.cfg.SlowAfter > 0 && now.Sub(c.started) >= m.cfg.SlowAfter
	switch {
	case how == "ignored" || how == "not started":
	case how == "shed":
		m.endShed(c, now)
	case c.probe && (how == "failed" || slow):
		m.open(now)
	case c.probe:
		m.shedding = false
		if m.successes++; m.successes == m.cfg.SuccessesToClose {
			m.close(now)
		}
	case how == "failed":
		m.events = append(m.events, modelEvent{now, "failed"})
		m.run++
		m.judge(now)
	case slow:
		m.events = append(m.events, modelEvent{now, "slow"})
		m.run, m.shedding = 0, false
		m.judge(now)
	default:
		m.events = append(m.events, modelEvent{now, "ok"})
		m.run, m.shedding = 0, false
		m.lastGood = max(m.lastGood, m.slot(now))
	}
}

// endShed is the end of a call that was shed.
func (m *model) endShed(c *modelCall, now policy.Instant) {
	switch {
	case !m.shed(now):
	case c.probe:
		m.openAs(now, true)
	default:
		m.events = append(m.events, modelEvent{now, "failed"})
		m.run++
		if m.tipped(now) {
			m.openAs(now, true)
		}
	}
}

func (m *model) judge(now policy.Instant) {
	if m.tipped(now) {
		m.open(now)
	}
}

// tipped says whether the window or the run is enough to open.
func (m *model) tipped(now policy.Instant) bool {
	calls, failures, slow := m.window(now)
	lastCalls, lastFailures, lastSlow := m.lastSecond(now)
	return (m.cfg.ConsecutiveFailures != breaker.Off && m.run >= m.cfg.ConsecutiveFailures) ||
		(m.cfg.FailureRatio != breaker.Off && calls >= m.cfg.MinCalls && share(failures, calls) >= m.cfg.FailureRatio) ||
		m.tooSlow(failures+slow, calls) || m.tooSlow(lastFailures+lastSlow, lastCalls)
}

func share(part, of int) float64 { return float64(part) / float64(of) }

func (m *model) tooSlow(bad, calls int) bool {
	return m.cfg.SlowAfter > 0 && calls >= m.cfg.MinCalls && bad > 0 && share(bad, calls) >= m.cfg.SlowRatio
}

// trippedInFlight judges the calls in flight, once per slot. Two looks in a row
// must find enough.
func (m *model) trippedInFlight(now policy.Instant) bool {
	if m.cfg.SlowAfter == 0 || m.slot(now) <= m.lastDue {
		return false
	}
	m.lastDue = m.slot(now)
	overdue, sinceGood := 0, 0
	for c := range m.calls {
		s := m.slot(c.started)
		for s+slots <= m.slot(now) {
			s += slots // so old that its slot has come round
		}
		endOfSlot := policy.Instant(s+1)*m.width() - 1
		if now-endOfSlot < policy.Instant(m.cfg.SlowAfter) {
			continue
		}
		overdue++
		if s >= m.lastGood {
			sinceGood++
		}
	}
	calls, failures, slow := m.window(now)
	lastCalls, lastFailures, lastSlow := m.lastSecond(now)
	suspected := m.suspect
	m.suspect = overdue > 0 && (sinceGood >= max(3, m.cfg.MinCalls/4) ||
		m.tooSlow(failures+slow+overdue, calls+overdue) ||
		m.tooSlow(lastFailures+lastSlow+overdue, lastCalls+overdue))
	return suspected && m.suspect
}

func (m *model) width() policy.Instant {
	width := policy.Instant(1)
	for 2*width <= policy.Instant(m.cfg.SlowAfter)/8 {
		width *= 2
	}
	return width
}

func (m *model) slot(at policy.Instant) int64 {
	if m.cfg.SlowAfter == 0 {
		return 0
	}
	return floor(at, m.width())
}

// window is what counts at now.
func (m *model) window(now policy.Instant) (calls, failures, slow int) {
	if n := m.cfg.WindowCalls; n > 0 {
		return count(m.events[max(0, len(m.events)-n):])
	}
	running := floor(now, m.bucket())
	return m.buckets(running-int64(m.cfg.Buckets)+1, running)
}

func (m *model) lastSecond(now policy.Instant) (calls, failures, slow int) {
	if m.cfg.WindowCalls > 0 {
		return 0, 0, 0
	}
	n := int64((policy.Instant(time.Second) + m.bucket() - 1) / m.bucket())
	n = min(n, int64(m.cfg.Buckets))
	running := floor(now, m.bucket())
	return m.buckets(running-n, running-1)
}

func (m *model) bucket() policy.Instant {
	return policy.Instant(m.cfg.Window) / policy.Instant(m.cfg.Buckets)
}

func (m *model) buckets(first, last int64) (calls, failures, slow int) {
	var in []modelEvent
	for _, e := range m.events {
		if b := floor(e.at, m.bucket()); first <= b && b <= last {
			in = append(in, e)
		}
	}
	return count(in)
}

func count(events []modelEvent) (calls, failures, slow int) {
	for _, e := range events {
		calls++
		switch e.kind {
		case "failed":
			failures++
		case "slow":
			slow++
		}
	}
	return calls, failures, slow
}

func floor(a, b policy.Instant) int64 {
	q := a / b
	for q*b > a {
		q--
	}
	return int64(q)
}
