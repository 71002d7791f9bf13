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
	// judged is what calls are judged by. Update replaces it.
	judged atomic.Pointer[judged]
	// first is the initial judged. It is kept inline for locality, and so is its
	// window.
	first judged
	timed window.Timed
}

// judged is what the calls of a closed breaker are judged by.
type judged struct {
	*settings

	window window.Window
	ring   *ring // nil without SlowAfter
	// wants is what every call's permit wants.
	wants policy.Wants
}

func newClosed(b *Breaker, s *settings) *closed {
	c := &closed{b: b}
	c.first = judgedBy(s, &c.timed)
	c.judged.Store(&c.first)
	return c
}

// judgedBy makes an empty window, in timed if it is one of time, and a ring.
func judgedBy(s *settings, timed *window.Timed) judged {
	j := judged{settings: s, ring: newRing(s), wants: policy.WantsEnd}
	if s.WindowCalls > 0 {
		j.window = window.NewCounted(s.WindowCalls, s.Window)
	} else {
		timed.Init(s.Window, s.Buckets)
		j.window = timed
	}
	if j.ring != nil {
		j.wants |= policy.WantsStart
	}
	return j
}

func (*closed) state() State { return Closed }

// admit lets the call through, after a look at the calls in flight.
func (c *closed) admit(call policy.Call) (p policy.Permit, passed bool, err error) {
	j := c.judged.Load()
	p = policy.Permit{Settler: c, Wants: j.wants | wantsOf(call), Token: tokenOf(j.settings, call)}
	if c.run.Load() > 0 {
		p.Wants |= policy.WantsPushback // the breaker may be about to open
	}
	if j.ring == nil {
		return p, false, nil
	}
	p.At = call.Begin.OrNow()
	if j.ring.due(p.At) && c.judgeOverdue(j, p.At) {
		return policy.Permit{}, true, nil
	}
	if call.Shape.ServerPaced() {
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

// ringOf is the ring in which a call was started, nil if there was none or it
// has been replaced since.
func (c *closed) ringOf(token uint64) *ring { return c.judged.Load().ringOf(token) }

func (j *judged) ringOf(token uint64) *ring {
	if j.ring != nil && token&idMask == j.ring.id {
		return j.ring
	}
	return nil
}

// Settle counts the end of a call and judges the window if it was a bad one.
func (c *closed) Settle(token uint64, o policy.Outcome) {
	j := c.judged.Load()
	r := j.ringOf(token)
	if r != nil && o.Verdict != policy.NotStarted && o.Responded == 0 {
		r.end(o.Started)
	}
	v := j.verdict(o)
	if c.b.calm.Load() != c {
		c.b.reportLate(v, o)
		return
	}
	c.count(j, j.kindOf(v, token, o), r, o)
}

// count adds a call of the given kind to the window.
func (c *closed) count(j *judged, k kind, r *ring, o policy.Outcome) {
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
		c.judge(j, o)
	case failed:
		j.window.Add(o.End, window.Failed)
		c.run.Add(1)
		c.judge(j, o)
	}
}

// clearRun writes only when there is something to clear: successes of many
// cores must not share a write.
func (c *closed) clearRun() {
	if c.run.Load() != 0 {
		c.run.Store(0)
	}
}
