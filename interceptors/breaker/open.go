package breaker

import (
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
}

// length returns how long to stay open. Shedding leaves the backoff alone.
func (o *opening) length(s *settings, failed *backoff, shed *shedding) time.Duration {
	var d time.Duration
	if o.shed {
		failed.calm(s, o.at)
		d = shed.openFor(s.OpenFor)
	} else {
		d = failed.next(s, o.at)
	}
	if !s.NoJitter {
		d = jittered(d, s.MaxOpenFor)
	}
	return max(d, min(o.pushback, s.MaxOpenFor))
}

// open refuses every call until its time is over.
type open struct {
	b     *Breaker
	until policy.Instant
	// retry is until on the wall clock, as refusals carry it.
	retry time.Time
}

func (*open) state() State { return Open }

// admit refuses the call. At exactly until the next call is a probe.
func (o *open) admit(call *policy.Call) (p policy.Permit, passed bool, err error) {
	if now := call.Now(); now >= o.until {
		o.b.probe(o, now)
		return policy.Permit{}, true, nil
	}
	return policy.Permit{}, false, o.b.refuse(call, o.retry)
}

func (o *open) idle(window policy.Instant) bool { return policy.Now()-o.until >= window }

func (o *open) describe(snap *Snapshot) { snap.RetryAt = o.retry }

// forced refuses every call until the mode changes.
type forced struct{ b *Breaker }

func (forced) state() State { return ForcedOpen }

func (f forced) admit(call *policy.Call) (p policy.Permit, passed bool, err error) {
	return policy.Permit{}, false, f.b.refuse(call, time.Time{})
}

func (forced) idle(policy.Instant) bool { return false }

func (forced) describe(*Snapshot) {}

// disabled lets every call through and judges none.
type disabled struct{}

func (disabled) state() State { return Disabled }

func (disabled) admit(*policy.Call) (p policy.Permit, passed bool, err error) {
	return policy.Permit{}, false, nil
}

func (disabled) idle(policy.Instant) bool { return false }

func (disabled) describe(*Snapshot) {}
