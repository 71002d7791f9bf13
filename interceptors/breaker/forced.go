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
type disabled struct{ notes policy.Notes }

func (disabled) state() State { return Disabled }

func (d disabled) admit(_ context.Context, call *policy.Call) (p policy.Permit, passed bool, err error) {
	call.Notes |= d.notes
	return policy.Permit{}, false, nil
}

func (disabled) wouldAdmit(policy.Instant) bool { return true }

func (disabled) idle(policy.Instant) bool { return false }

func (disabled) describe(*Snapshot) {}

// byHand is what an operator has put in force, and what it hides.
type byHand struct {
	directive policy.Directive
	mode      Mode
	own       *settings
}

// hide returns the settings in force where own are what the configuration says. Nothing
// hides them if h is nil.
func (h *byHand) hide(own *settings) *settings {
	if h == nil {
		return own
	}
	h.own = own
	s := *own
	s.Mode, s.notes = h.mode, policy.NoteOverridden
	return &s
}

// ownLocked returns the settings by the configuration.
func ownLocked(b *Breaker) *settings {
	if b.byHand != nil {
		return b.byHand.own
	}
	return b.settings.Load()
}

// modeUnder returns the mode in which a breaker works under an override, which it may not
// know.
func modeUnder(d policy.Directive) (m Mode, ok bool) {
	switch d.Action {
	case policy.ForceOpen:
		return AlwaysOpen, d.Places == 0
	case policy.ForceClosed:
		return Shadow, d.Places == 0
	case policy.Disable:
		return AlwaysClosed, d.Places == 0
	case policy.NoAction:
		return 0, d.Places == 0
	default:
		return 0, false
	}
}
