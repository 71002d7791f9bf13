package policy

import (
	"cmp"
	"context"
	"time"
)

// Admission is one call's passage through its policies: it holds the permits
// until the call is settled. Adapters keep it on their stack or in a stream's
// state. Unless a method says otherwise, it is not safe for concurrent use; a
// stream must serialise access to it. The zero Admission is ready for
// [Chain.Admit].
type Admission struct {
	ctx context.Context //nolint:containedctx // lives exactly as long as the call
	// observer is nil if there is none; call is for it alone.
	observer Observer
	call     Call
	tellAll  bool // also an admission of which there is nothing to say
	// classify is a call option's classifier, nil for the default.
	classify Classifier

	wants     Wants
	state     admissionState
	notes     Notes
	waitedIn  Layer
	waited    time.Duration // in all
	longest   time.Duration // in waitedIn
	started   Instant
	responded Instant

	held  int
	holds [MaxPolicies]hold
}

// hold is a permit that must be settled.
type hold struct {
	settler Settler
	token   uint64
	wants   Wants
}

type admissionState uint8

const (
	admitting admissionState = iota
	running
	settled
)

// Classify sets the classifier of this call. It takes precedence over those of
// policies. Nil leaves it to them.
func (a *Admission) Classify(c Classifier) { a.classify = c }

// Wants reports whether any permit of the call, or its observer, wants any of
// x.
func (a *Admission) Wants(x Wants) bool { return a.wants.has(x) }

// keep holds a permit until the call is settled.
func (a *Admission) keep(p *Permit) {
	if p.Context != nil {
		a.ctx = p.Context
	}
	a.notes |= p.Notes
	if p.Settler != nil {
		a.wants |= p.Wants
		a.holds[a.held] = hold{p.Settler, p.Token, p.Wants}
		a.held++
	}
}

// blocked notes that a policy of the given layer blocked the call for d.
func (a *Admission) blocked(in Layer, d time.Duration) {
	a.waited += d
	if d > a.longest {
		a.waitedIn, a.longest = in, d
	}
}

// refused settles after an error of a policy: as not started, unless the call
// had started, in which case the error stands in for its outcome.
func (a *Admission) refused(err error) {
	if a.state == running {
		a.Settle(Outcome{Err: err})
		return
	}
	a.settle(&Outcome{Err: err, Verdict: NotStarted, Decided: true})
	if a.observer != nil {
		a.observer.Rejected(a.ctx, a.call, Rejected{Err: err, Waited: a.waited, WaitedIn: a.waitedIn})
	}
}

// start marks the call as started, once, at the instant begin, or now if begin
// is zero.
func (a *Admission) start(begin Instant) {
	if a.state != admitting {
		return
	}
	a.state = running
	if a.wants.has(WantsStart | WantsResponse) {
		a.started = begin.OrNow()
	}
	if a.wants.has(WantsStart) {
		for i := range a.held {
			if s, ok := a.starter(i); ok {
				s.Started(a.holds[i].token, a.started)
			}
		}
	}
	if a.observer != nil && (a.tellAll || a.waited > 0 || a.notes != 0) {
		a.call.Begin = cmp.Or(a.started, begin)
		a.ctx = a.observer.Admitted(a.ctx, a.call, Admitted{
			Waited: a.waited, WaitedIn: a.waitedIn, Notes: a.notes, Started: a.started,
		})
	}
}

// starter is the i-th settler if it must hear of the start.
func (a *Admission) starter(i int) (Starter, bool) {
	if !a.holds[i].wants.has(WantsStart) {
		return nil, false
	}
	s, ok := a.holds[i].settler.(Starter)
	return s, ok
}

// Settle ends the call: it classifies o.Err unless o.Decided is set, fills in
// the instants and settles the permits, innermost first. Later calls of Settle
// do nothing.
func (a *Admission) Settle(o Outcome) {
	if a.state == settled {
		return
	}
	if !o.Decided {
		o.Verdict, o.Decided = a.verdict(o.Err)
	}
	a.settle(&o)
	if a.observer != nil {
		a.observer.Settled(a.ctx, a.call, o)
	}
}

// verdict reads err by the call's classifier, which is final, or the default.
func (a *Admission) verdict(err error) (v Verdict, decided bool) {
	if a.classify != nil {
		return a.classify.Verdict(err), true
	}
	return Classify(err), false
}

// settle completes o and hands it to every settler.
func (a *Admission) settle(o *Outcome) {
	a.state = settled
	o.Started, o.Responded = a.started, a.responded
	if a.wants.has(WantsEnd) {
		o.End = Now()
	}
	a.settleFrom(a.held-1, o)
}

// settleFrom hands o to the i-th settler and to all outside it, even if one of
// them panics.
func (a *Admission) settleFrom(i int, o *Outcome) {
	defer func() {
		if i >= 0 {
			a.settleFrom(i-1, o)
		}
	}()
	for ; i >= 0; i-- {
		a.holds[i].settler.Settle(a.holds[i].token, *o)
	}
}

// Abandon settles a call that has not been settled because of a panic or
// runtime.Goexit: as a failure if it had started, else as not started. It does
// nothing if the call is settled. Defer it before [Chain.Admit].
func (a *Admission) Abandon() {
	switch a.state {
	case settled:
	case running:
		a.Settle(Outcome{Err: ErrPanicked, Verdict: Failure, Decided: true})
	case admitting:
		a.settle(&Outcome{Err: ErrPanicked, Verdict: NotStarted, Decided: true})
	}
}
