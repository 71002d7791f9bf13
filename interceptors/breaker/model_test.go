package breaker_test

import (
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// model is a breaker written down as plainly as can be: lists in place of
// atomics, every rule read off the documentation, one goroutine.
type model struct {
	cfg   breaker.Config
	state breaker.State // Open while it waits and probes, HalfOpen while the share climbs
	// stay numbers the stays in a state: calls of an earlier one are late.
	stay int

	events   []modelEvent // ended calls of this stay, and those it began with
	run      int
	fresh    int
	calls    map[*modelCall]bool // in flight, of this stay
	lastGood int64
	lastDue  int64
	suspects bool
	suspect  policy.Instant // since when

	outage modelOutage
	climb  modelClimb

	shedding            bool // and nothing was answered since
	hasShed             bool // in this stay, since an answer
	shedSince, shedLast policy.Instant
	halvings            int
	openedShed          int // how many times it opened for that

	late     int
	rejected int
}

// modelOutage is what an open circuit knows.
type modelOutage struct {
	began     policy.Instant
	calls     int // in the second before
	rejected  int // before it
	failing   time.Duration
	byTime    bool // it opened because calls took too long
	shed      bool // or were shed
	next      policy.Instant
	running   []*modelCall
	successes int
}

// modelClimb is what a half-open circuit knows.
type modelClimb struct {
	step, setbacks int
	until          policy.Instant
	came, admitted int // in this step
	extra          int // of those admitted beside the share
	here, all      []modelEvent
	run            int
	silent         int
	since          policy.Instant
	silence        int
}

type modelEvent struct {
	at   policy.Instant
	kind string // "ok", "failed", "slow"
}

type modelCall struct {
	stay    int
	started policy.Instant
	judged  bool
	silence int // of a half-open circuit, in which it started
}

const (
	longAgo = math.MinInt64
	slots   = 64
)

func newModel(cfg breaker.Config) *model {
	if cfg.WindowCalls > 0 && cfg.FailureRatio == 0 {
		cfg.FailureRatio = 0.9
	}
	m := &model{cfg: cfg}
	m.enter(breaker.Closed)
	return m
}

// enter starts a new stay, with everything that is counted in it empty.
func (m *model) enter(s breaker.State) {
	m.state, m.events, m.run, m.fresh, m.hasShed = s, nil, 0, 0, false
	m.calls = map[*modelCall]bool{}
	m.lastGood, m.lastDue, m.suspects = longAgo, longAgo, false
	m.stay++
}

// open opens for an outage that is new, unless it goes on.
func (m *model) open(at policy.Instant, failing time.Duration, byTime, shed, again bool) {
	if !again {
		m.outage = modelOutage{began: at, calls: m.lately(at), rejected: m.rejected}
	}
	m.outage.failing = max(m.outage.failing, failing)
	m.outage.byTime, m.outage.shed, m.outage.running, m.outage.successes = byTime, shed, nil, 0
	m.enter(breaker.Open)
	m.outage.next = at.Add(m.wait(at))
	m.sheddingOpened(shed, m.outage.next)
	if shed {
		m.openedShed++
	}
}

func (m *model) sheddingOpened(shed bool, until policy.Instant) {
	m.shedding = m.shedding && shed
	m.shedLast = max(m.shedLast, until)
	m.halvings = max(0, m.halvings-1)
}

// wait is how long an open circuit waits for its next probe.
func (m *model) wait(at policy.Instant) time.Duration {
	o := &m.outage
	if o.shed {
		d := m.cfg.OpenFor
		for range m.halvings {
			d /= 2
		}
		return d
	}
	age := max(0, at.Sub(o.began))
	byAge := max(min(max(age/5, 250*time.Millisecond), m.cfg.OpenFor/5), min(2*o.failing, m.cfg.OpenFor/2))
	n := 80.0
	if age < 1500*time.Millisecond {
		n = 8
	}
	byCalls := m.cfg.OpenFor
	if calls := o.calls + m.rejected - o.rejected; calls > 0 {
		byCalls = min(byCalls, time.Duration(n*float64(age+time.Second)/float64(calls)))
	}
	return max(byAge, byCalls)
}

// refusesUntil is when an open circuit lets the next call in: when a probe is due, and few
// enough are running.
func (m *model) refusesUntil() policy.Instant {
	if n := len(m.outage.running) - m.cfg.Probes; n >= 0 {
		return max(m.outage.next, m.outage.running[n].started.Add(m.cfg.ProbeTimeout))
	}
	return m.outage.next
}

// recover begins the climb, or closes at once.
func (m *model) recover(at policy.Instant) {
	if m.cfg.SlowStart == breaker.Off {
		m.enter(breaker.Closed)
		return
	}
	m.enter(breaker.HalfOpen)
	m.climb = modelClimb{}
	m.step(0, at)
}

func (m *model) step(n int, at policy.Instant) {
	c := &m.climb
	c.step, c.came, c.admitted, c.extra, c.here, c.run, c.silent = n, 0, 0, 0, nil, 0, 0
	c.silence++
	d := m.cfg.SlowStart / 3
	for range c.setbacks {
		if d < 5*time.Second {
			d *= 2
		}
	}
	c.until = at.Add(d)
}

// begin is a call that comes at now. Of a half-open circuit it is told whether the breaker
// let it in. It returns nil if it is refused.
func (m *model) begin(now policy.Instant, letIn bool) *modelCall {
	for {
		switch m.state {
		case breaker.Closed:
			if m.trippedInFlight(now) {
				m.open(now, 0, true, false, false)
				continue
			}
			return m.admit(now)
		case breaker.Open:
			if at, lives := m.outlived(now); lives {
				m.recover(at)
				continue
			}
			o := &m.outage
			if now < m.refusesUntil() {
				m.rejected++
				return nil
			}
			c := m.admit(now)
			o.running = append(o.running, c)
			o.next = now.Add(m.wait(now))
			return c
		default:
			if m.moved(now) {
				continue
			}
			m.climb.came++
			due := now >= m.climb.until && m.climb.silent == 0 // a failure holds it up
			if !letIn && !due {
				m.rejected++
				return nil
			}
			m.climb.admitted++
			if due {
				m.climb.extra++
			}
			if m.climb.silent == 0 {
				m.climb.since = now
			}
			m.climb.silent++
			c := m.admit(now)
			c.silence = m.climb.silence
			return c
		}
	}
}

func (m *model) admit(now policy.Instant) *modelCall {
	c := &modelCall{stay: m.stay, started: now}
	m.calls[c] = true
	return c
}

// outlived says when a probe that runs had outlived the calls that failed.
func (m *model) outlived(now policy.Instant) (at policy.Instant, lives bool) {
	o := &m.outage
	if o.byTime || o.shed {
		return 0, false
	}
	life := max(time.Second, 3*o.failing)
	for _, c := range o.running {
		if up := c.started.Add(life); up <= now {
			c.judged = true
			return up, true
		}
	}
	return 0, false
}

// moved moves the climb on, and says whether the state is over.
func (m *model) moved(now policy.Instant) bool {
	c := &m.climb
	if m.cfg.SlowAfter > 0 && now.Sub(c.since) >= m.cfg.SlowAfter && improbable(c.silent, 5, c.all, nil, 0, 1e-3) {
		return m.stepBack(now, 0, true)
	}
	for now >= c.until && c.run == 0 {
		if c.step == 2 {
			seen, until := c.all, c.until
			m.enter(breaker.Closed)
			for _, kind := range []string{"ok", "failed", "slow"} {
				for _, e := range seen {
					if e.kind == kind {
						m.events = append(m.events, modelEvent{until, kind})
					}
				}
			}
			return true
		}
		m.step(c.step+1, c.until)
	}
	return false
}

func (m *model) stepBack(now policy.Instant, failing time.Duration, byTime bool) bool {
	if m.climb.step == 0 {
		m.open(now, failing, byTime, false, true)
		return true
	}
	m.climb.setbacks++
	m.step(m.climb.step-1, now)
	return false
}

// end is the end of a call: "ok", "failed", "shed", "ignored" or "not started".
func (m *model) end(c *modelCall, how string, now policy.Instant) {
	if c.stay != m.stay || c.judged {
		if how == "ok" || how == "failed" {
			m.late++
		}
		return
	}
	delete(m.calls, c)
	if how == "ok" && m.cfg.SlowAfter > 0 && now.Sub(c.started) >= m.cfg.SlowAfter {
		how = "slow"
	}
	switch m.state {
	case breaker.Closed:
		m.endClosed(c, how, now)
	case breaker.Open:
		m.endProbe(c, how, now)
	default:
		m.endClimb(c, how, now)
	}
}

func (m *model) endClosed(c *modelCall, how string, now policy.Instant) {
	switch how {
	case "shed":
		m.shedding = m.shedding && m.hasShed
		m.hasShed = true
		if m.shed(now) {
			m.fail(c, now, true)
		}
	case "failed":
		m.fail(c, now, false)
	case "slow":
		m.events = append(m.events, modelEvent{now, "slow"})
		m.run, m.fresh, m.shedding, m.hasShed = 0, 0, false, false
		if m.tipped(now) {
			m.open(now, now.Sub(c.started), !m.tippedByFailures(now), false, false)
		}
	case "ok":
		m.events = append(m.events, modelEvent{now, "ok"})
		m.run, m.fresh, m.shedding, m.hasShed = 0, 0, false, false
		m.lastGood = max(m.lastGood, m.slot(now))
	}
}

func (m *model) fail(c *modelCall, now policy.Instant, shed bool) {
	m.events = append(m.events, modelEvent{now, "failed"})
	m.run++
	if m.cfg.SlowAfter <= 0 || m.slot(c.started) >= m.lastGood {
		m.fresh++
	}
	byRule := m.tippedByFailures(now)
	if byRule || m.tipped(now) {
		m.open(now, now.Sub(c.started), !byRule && !shed, shed, false)
	}
}

// shed notes a call that was shed, and says whether it counts as a failure.
func (m *model) shed(now policy.Instant) bool {
	if !m.shedding || now.Sub(m.shedLast) >= time.Minute {
		m.shedding, m.shedSince, m.shedLast, m.halvings = true, now, now, 3
	}
	m.shedLast = max(m.shedLast, now)
	return now.Sub(m.shedSince) >= 30*time.Second
}

func (m *model) endProbe(c *modelCall, how string, now policy.Instant) {
	o := &m.outage
	for i, p := range o.running {
		if p == c {
			o.running = append(append([]*modelCall{}, o.running[:i]...), o.running[i+1:]...)
			break
		}
	}
	switch how {
	case "ok":
		m.shedding = false
		if o.successes++; o.successes >= m.cfg.SuccessesToClose {
			m.recover(now)
			return
		}
		o.next = now
	case "ignored", "not started":
		o.next = min(o.next, now)
	case "shed":
		if m.shed(now) {
			o.shed = true
			o.next = now.Add(m.wait(now))
			m.sheddingOpened(true, o.next)
			m.openedShed++
		}
	default:
		o.successes = 0
		if o.shed {
			o.shed, m.shedding = false, false
		}
		o.failing = max(o.failing, now.Sub(c.started))
	}
}

func (m *model) endClimb(c *modelCall, how string, now policy.Instant) {
	l := &m.climb
	if c.silence == l.silence {
		l.silent--
	}
	switch how {
	case "ignored", "not started":
		return
	case "shed":
		l.silent = 0
		l.silence++
		if m.shed(now) {
			m.open(now, 0, false, true, true)
		}
		return
	case "ok":
		m.shedding = false
		l.here, l.all = append(l.here, modelEvent{now, how}), append(l.all, modelEvent{now, how})
		l.run, l.silent = 0, 0
		l.silence++
		return
	case "slow":
		l.run = 0
	default:
		l.run++
	}
	l.here, l.all = append(l.here, modelEvent{now, how}), append(l.all, modelEvent{now, how})
	m.judgeClimb(now, now.Sub(c.started))
}

// judgeClimb steps back if the calls of the step are bad enough.
func (m *model) judgeClimb(now policy.Instant, failing time.Duration) {
	l := &m.climb
	calls, failures, slow := count(l.here)
	switch {
	case m.cfg.ConsecutiveFailures > 0 && l.run >= m.cfg.ConsecutiveFailures,
		m.cfg.ConsecutiveFailures == 0 && improbable(l.run, 5, l.all, nil, l.run, 1e-3),
		m.cfg.FailureRatio > 0 && calls >= 5 && failures > 0 && share(failures, calls) >= m.cfg.FailureRatio:
		m.stepBack(now, failing, false)
	case m.cfg.SlowAfter > 0 && calls >= 5 && share(failures+slow, calls) >= m.cfg.SlowRatio:
		m.stepBack(now, failing, true)
	}
}

// tipped says whether the window or the run is enough to open.
func (m *model) tipped(now policy.Instant) bool {
	calls, failures, slow := count(m.window(now))
	lastCalls, lastFailures, lastSlow := count(m.lastSecond(now))
	return m.tippedByFailures(now) || m.tooSlow(failures+slow, calls) || m.tooSlow(lastFailures+lastSlow, lastCalls)
}

func (m *model) tippedByFailures(now policy.Instant) bool {
	in := m.window(now)
	calls, failures, _ := count(in)
	byRun := m.cfg.ConsecutiveFailures > 0 && m.run >= m.cfg.ConsecutiveFailures
	if m.cfg.ConsecutiveFailures == 0 {
		byRun = improbable(min(m.fresh, failures), 8, in, m.latest(now, m.run+12), m.run, 1e-7) || m.fresh >= 24 && calls <= m.run
	}
	switch {
	case byRun:
		return true
	case m.cfg.FailureRatio == breaker.Off || calls < m.cfg.MinCalls:
		return false
	case m.cfg.FailureRatio == 0:
		n, above := float64(calls), float64(failures)-0.8*float64(calls)
		return float64(failures) >= 0.9*n && above >= 4*math.Sqrt(0.8*0.2*n)
	default:
		return share(failures, calls) >= m.cfg.FailureRatio
	}
}

// improbable says whether n bad calls in a row are no chance, where the calls before the
// run were as bad as these.
func improbable(n, least int, in, latest []modelEvent, run int, chance float64) bool {
	usual := func(in []modelEvent) (float64, int) {
		calls, failures, _ := count(in)
		gone := min(run, failures)
		p := share(failures-gone+1, calls-gone+3)
		if calls-gone >= 5 {
			p += math.Sqrt(p * (1 - p) / float64(calls-gone+3))
		} else {
			p = max(p, 1.0/3)
		}
		return p, calls - run
	}
	bad, _ := usual(in)
	if lately, calls := usual(latest); calls >= 12 {
		bad = max(bad, lately)
	}
	return n >= least && math.Pow(bad, float64(n)) <= chance
}

func share(part, of int) float64 { return float64(part) / float64(of) }

func (m *model) tooSlow(bad, calls int) bool {
	return m.cfg.SlowAfter > 0 && calls >= m.cfg.MinCalls && bad > 0 && share(bad, calls) >= m.cfg.SlowRatio
}

// trippedInFlight judges the calls in flight, once per slot. Looks must find enough for
// six milliseconds.
func (m *model) trippedInFlight(now policy.Instant) bool {
	if m.cfg.SlowAfter <= 0 || m.slot(now) <= m.lastDue {
		return false
	}
	m.lastDue = m.slot(now)
	overdue, sinceGood := m.overdue(now)
	calls, failures, slow := count(m.window(now))
	lastCalls, lastFailures, lastSlow := count(m.lastSecond(now))
	suspected := m.suspects
	m.suspects = overdue > 0 && (sinceGood >= max(3, m.cfg.MinCalls/4) ||
		m.tooSlow(failures+slow+overdue, calls+overdue) ||
		m.tooSlow(lastFailures+lastSlow+overdue, lastCalls+overdue))
	if m.suspects && !suspected {
		m.suspect = now
	}
	return suspected && m.suspects && now.Sub(m.suspect) >= 6*time.Millisecond
}

// overdue counts the calls in flight past SlowAfter that are not so old that they say
// nothing of now.
func (m *model) overdue(now policy.Instant) (all, sinceGood int) {
	for c := range m.calls {
		s := m.slot(c.started)
		endOfSlot := policy.Instant(s+1)*m.width() - 1
		if now-endOfSlot < policy.Instant(m.cfg.SlowAfter) || s <= m.slot(now)-slots {
			continue
		}
		all++
		if s >= m.lastGood {
			sinceGood++
		}
	}
	return all, sinceGood
}

func (m *model) width() policy.Instant {
	width := policy.Instant(1)
	for 2*width <= policy.Instant(m.cfg.SlowAfter)/8 {
		width *= 2
	}
	return width
}

func (m *model) slot(at policy.Instant) int64 {
	if m.cfg.SlowAfter <= 0 {
		return 0
	}
	return floor(at, m.width())
}

// window is what counts at now.
func (m *model) window(now policy.Instant) []modelEvent {
	if n := m.cfg.WindowCalls; n > 0 {
		return m.events[max(0, len(m.events)-n):]
	}
	running := floor(now, m.bucket())
	return m.buckets(running-int64(m.cfg.Buckets)+1, running)
}

func (m *model) lastSecond(now policy.Instant) []modelEvent {
	if m.cfg.WindowCalls > 0 {
		return nil
	}
	n := int64((policy.Instant(time.Second) + m.bucket() - 1) / m.bucket())
	n = min(n, int64(m.cfg.Buckets))
	running := floor(now, m.bucket())
	return m.buckets(running-n, running-1)
}

func (m *model) latest(now policy.Instant, calls int) []modelEvent {
	if m.cfg.WindowCalls > 0 {
		return nil
	}
	running := floor(now, m.bucket())
	for n := range int64(m.cfg.Buckets) {
		if in := m.buckets(running-n, running); len(in) >= calls || n == int64(m.cfg.Buckets)-1 {
			return in
		}
	}
	return nil
}

// lately is how many calls ended in the last second.
func (m *model) lately(now policy.Instant) int {
	if n := len(m.lastSecond(now)); n > 0 || m.cfg.WindowCalls > 0 {
		return n
	}
	return len(m.window(now))
}

func (m *model) bucket() policy.Instant {
	return policy.Instant(m.cfg.Window) / policy.Instant(m.cfg.Buckets)
}

func (m *model) buckets(first, last int64) (in []modelEvent) {
	for _, e := range m.events {
		if b := floor(e.at, m.bucket()); first <= b && b <= last {
			in = append(in, e)
		}
	}
	return in
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
