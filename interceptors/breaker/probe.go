package breaker

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// probe is a call that was let in while others are refused. It is the context of the call
// too, so that a call inside it which meets the same breaker is let in with it: otherwise
// it would be refused, and the probe would fail for it.
type probe struct {
	context.Context //nolint:containedctx // that of the call, which has the probe in its place

	b  *Breaker
	in trial

	// The rest is guarded by the breaker's lock.

	at policy.Instant // when admitted; once started, when started
	// judged: by its end or its first message. over: it has ended.
	judged, over bool
	// silence is the one that it is counted in, see halfOpen; zero if in none.
	silence int
}

// trial is a phase that lets some calls in to see how they end.
type trial interface {
	phase
	// endLocked hears how a probe ended, once, while the phase is current.
	endLocked(p *probe, e ending, o *policy.Outcome, now policy.Instant)
	// startedLocked hears that a probe has started.
	startedLocked(p *probe)
}

// letInLocked makes the call a probe of a phase. The lock must be held.
func letInLocked(ctx context.Context, b *Breaker, call *policy.Call, in trial, now policy.Instant) (*probe, policy.Permit) {
	p := &probe{Context: ctx, b: b, in: in, at: now}
	call.Context = p
	call.Notes |= policy.NoteProbe
	return p, policy.Permit{
		Settler: p,
		Token:   b.settings.Load().token(call),
		Wants:   policy.WantsStart | policy.WantsEnd | policy.WantsEvidence | wantsOf(call),
	}
}

// insideLocked reports whether ctx is that of a call inside a probe of the breaker.
func insideLocked(ctx context.Context, b *Breaker) bool {
	p, ok := ctx.Value(b).(*probe)
	return ok && !p.over
}

// Value finds the probe by its breaker.
func (p *probe) Value(key any) any {
	if b, ok := key.(*Breaker); ok && b == p.b {
		return p
	}
	return p.Context.Value(key)
}

// Started begins the time of a probe: what it waited before was our own.
func (p *probe) Started(_ uint64, at policy.Instant) {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	if !p.judged && p.b.isCurrent(p.in) {
		p.at = at
		p.in.startedLocked(p)
	}
}

// Responded judges a probe that is a stream by its first message.
func (p *probe) Responded(token uint64, started, at policy.Instant) {
	p.judge(token, policy.Success, &policy.Outcome{Started: started, Responded: at}, at)
}

// Settle judges a probe, unless its first message did.
func (p *probe) Settle(token uint64, o *policy.Outcome) {
	v := p.b.settings.Load().verdict(o)
	inTime := p.judge(token, v, o, o.End)
	p.b.mu.Lock()
	p.over = true
	p.b.mu.Unlock()
	if !inTime && o.Responded == 0 {
		p.b.reportLate(v, o)
	}
}

// judge tells the phase how the probe ended, and reports whether it was still there to
// hear of it.
func (p *probe) judge(token uint64, v policy.Verdict, o *policy.Outcome, now policy.Instant) (inTime bool) {
	b := p.b
	b.mu.Lock()
	inTime = !p.judged && b.isCurrent(p.in)
	p.judged = true
	if inTime {
		e := b.settings.Load().ending(v, token, o, &b.usual)
		if o.Sent == policy.No || overslept(o) {
			e = ignored // the dependency was not asked, or may have answered
		}
		if s := b.settings.Load(); e == ok && s.SlowAfter == 0 && s.strict() && token&paced != 0 && b.learned.isSlow(answeredAfter(o)) {
			e = slow
		}
		p.in.endLocked(p, e, o, now)
	}
	b.mu.Unlock()
	b.deliver()
	return inTime
}
