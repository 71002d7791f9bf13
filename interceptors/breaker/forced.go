package breaker

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// forced refuses every call until the mode changes.
type forced struct{ b *Breaker }

func (forced) state() State { return ForcedOpen }

func (f forced) admit(_ context.Context, call *policy.Call) (p policy.Permit, passed bool, err error) {
	return policy.Permit{}, false, f.b.refuse(call, time.Time{})
}

func (forced) wouldAdmit(policy.Instant) bool { return false }

func (forced) idle(policy.Instant) bool { return false }

func (forced) describe(*Snapshot) {}

// disabled lets every call through and judges none.
type disabled struct{}

func (disabled) state() State { return Disabled }

func (disabled) admit(context.Context, *policy.Call) (p policy.Permit, passed bool, err error) {
	return policy.Permit{}, false, nil
}

func (disabled) wouldAdmit(policy.Instant) bool { return true }

func (disabled) idle(policy.Instant) bool { return false }

func (disabled) describe(*Snapshot) {}
