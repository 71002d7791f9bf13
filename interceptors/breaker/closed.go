package breaker

import (
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// closed lets every call through and judges how they end.
type closed struct {
	b *Breaker
	// run is the number of failures since the last call that did not fail.
	run atomic.Int64
	// judged is what calls are counted in. Update replaces it.
	judged atomic.Pointer[judged]
}

// judged is the window of a closed breaker and, with SlowAfter, its ring.
type judged struct {
	window window.Window
	ring   *ring // nil without SlowAfter
	// wants is what every call's permit wants.
	wants policy.Wants
}

func newClosed(b *Breaker, s *settings) *closed {
	c := &closed{b: b}
	c.judged.Store(newJudged(s))
	return c
}

func newJudged(s *settings) *judged {
	j := &judged{window: newWindow(s), ring: newRing(s), wants: policy.WantsEnd}
	if j.ring != nil {
		j.wants |= policy.WantsStart
	}
	return j
}

func newWindow(s *settings) window.Window {
	if s.WindowCalls > 0 {
		return window.NewCounted(s.WindowCalls, s.Window)
	}
	return window.NewTimed(s.Window, s.Buckets)
}

func (*closed) state() State { return Closed }

// admit lets the call through, after a look at the calls in flight.
func (c *closed) admit(call policy.Call) (p policy.Permit, passed bool, err error) {
	s, j := c.b.settings.Load(), c.judged.Load()
	p = policy.Permit{Settler: c, Wants: j.wants | wantsOf(call), Token: tokenOf(s, call)}
	if c.run.Load() > 0 {
		p.Wants |= policy.WantsPushback // the breaker may be about to open
	}
	if j.ring == nil {
		return p, false, nil
	}
	p.At = call.Begin.OrNow()
	if j.ring.due(p.At) && c.judgeOverdue(s, j, p.At) {
		return policy.Permit{}, true, nil
	}
	if call.Kind.ServerPaced() {
		p.Token |= j.ring.id
	}
	return p, false, nil
}

// Started notes a call in flight.
func (c *closed) Started(token uint64, at policy.Instant) {
	if r := c.ringOf(token); r != nil {
		r.start(at)
	}
}

// Responded notes that a stream in flight has answered.
func (c *closed) Responded(token uint64, started, _ policy.Instant) {
	if r := c.ringOf(token); r != nil {
		r.end(started)
	}
}

// ringOf is the ring that a call was started in, nil if it was in none or in
// one that was replaced since.
func (c *closed) ringOf(token uint64) *ring {
	if r := c.judged.Load().ring; r != nil && token&idMask == r.id {
		return r
	}
	return nil
}

// Settle counts the end of a call and judges the window if it was a bad one.
func (c *closed) Settle(token uint64, o policy.Outcome) {
	r := c.ringOf(token)
	if r != nil && o.Verdict != policy.NotStarted && o.Responded == 0 {
		r.end(o.Started)
	}
	v := c.b.verdict(o)
	if !c.b.isCurrent(c) {
		c.b.reportLate(v, o)
		return
	}
	s := c.b.settings.Load()
	c.count(s, s.kindOf(v, token, o), r, o)
}

// count adds a call of the given kind to the window.
func (c *closed) count(s *settings, k kind, r *ring, o policy.Outcome) {
	j := c.judged.Load()
	switch k {
	case ignored:
	case ok:
		j.window.Add(o.End, window.OK)
		c.clearRun()
		if r != nil {
			r.good(o.End)
		}
	case slow:
		j.window.Add(o.End, window.Slow)
		c.clearRun()
		c.judge(s, j, o)
	case failed:
		j.window.Add(o.End, window.Failed)
		c.run.Add(1)
		c.judge(s, j, o)
	}
}

// clearRun writes only when there is something to clear: successes of many
// cores must not share a write.
func (c *closed) clearRun() {
	if c.run.Load() != 0 {
		c.run.Store(0)
	}
}
