package policytest

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// held is a call in flight.
type held struct {
	admission policy.Admission
	cancel    context.CancelFunc
}

// hold starts a call and leaves it in flight, nil if it is refused.
func (c *caller) hold(n int) *held {
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	h := &held{cancel: cancel}
	var err error
	c.bounded(func() { h.admission.Call = newCall(ctx, n); _, err = c.chain.Admit(ctx, &h.admission) })
	if err != nil {
		cancel()
		return nil
	}
	return h
}

// fill starts as many calls as the policy lets run at once, up to a bound. Some
// are refused on the way if the policy has a limit.
func (c *caller) fill() []*held {
	var calls []*held
	for n := range callsPerCheck {
		if h := c.hold(n); h != nil {
			calls = append(calls, h)
		}
	}
	return calls
}

// settle ends calls.
func settle(calls []*held, o policy.Outcome) {
	for _, h := range calls {
		h.admission.SettleAs(o)
		h.cancel()
	}
}
