package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// open refuses every call until its time is over.
type open struct {
	b     *Breaker
	until policy.Instant
	// retry is until on the wall clock, as refusals carry it.
	retry time.Time
}

func (*open) state() State { return Open }

// admit refuses the call. At exactly until the next call is a probe.
func (o *open) admit(call policy.Call) (p policy.Permit, passed bool, err error) {
	now := call.Begin.OrNow()
	if now >= o.until {
		o.b.probe(o, now)
		return policy.Permit{}, true, nil
	}
	p, err = o.b.refuse(call, now, o.retry)
	return p, false, err
}

// probe makes the breaker half-open if it is still in from.
func (b *Breaker) probe(from *open, now policy.Instant) {
	b.mu.Lock()
	if b.isCurrent(from) {
		b.enterLocked(&halfOpen{b: b}, causeElapsed, figures{}, now, 0)
	}
	b.mu.Unlock()
	b.deliver()
}

// forced refuses every call until the mode changes.
type forced struct{ b *Breaker }

func (forced) state() State { return ForcedOpen }

func (f forced) admit(call policy.Call) (p policy.Permit, passed bool, err error) {
	p, err = f.b.refuse(call, 0, time.Time{})
	return p, false, err
}

// disabled lets every call through and judges none.
type disabled struct{}

func (disabled) state() State { return Disabled }

func (disabled) admit(policy.Call) (p policy.Permit, passed bool, err error) {
	return policy.Permit{}, false, nil
}
