package policy

import (
	"context"
	"sync"
	"time"
)

// Admission is one call's passage through its policies: it holds the permits until
// the call is settled. An adapter takes one with [Begin] for a call that ends before
// its function returns, and has one in the state of a stream. Unless a method says
// otherwise, it is not safe for concurrent use; a stream must serialise access to it.
// It must not be copied. The zero Admission is ready for [Chain.Admit].
type Admission struct {
	// Call is the call. Set it before [Chain.Admit].
	Call Call
	// Classifier classifies the end of this call. It takes precedence over those of
	// policies. Nil leaves it to them. Set it before the call is settled.
	Classifier Classifier
	// Told, if not nil, is told what the rule of the call says of its end. Set it before
	// the call is settled.
	Told *Told
	// Control is asked before the policies of the chain: the overload control of a server.
	// A chain with a [Controller] leaves it out. Nil: none. Set it before [Chain.Admit].
	Control Policy
	// SentLater says that the request comes later than the call, as where a proxy forwards
	// a unary call as a stream. The call starts with Sent. Set it before [Chain.Admit].
	SentLater bool

	ctx      context.Context //nolint:containedctx // lives exactly as long as the call
	observer Observer        // nil: there is none
	judge    Judge           // nil: there is none
	tellAll  bool            // also an admission of which there is nothing to say
	late     bool            // the context was over when the call started

	wants           Wants
	state           admissionState
	waitedIn        Layer
	longest         time.Duration // in waitedIn
	started         Instant
	responded       Instant
	outcome         Outcome
	reply           Reply // what outcome.Reply points to, if anybody wants it
	held, unsettled int
	holds           [MaxPolicies + 1]hold // and that of Control
}

// admissions are those that no call uses. A policy is asked through an interface, so
// what it is lent cannot live on the stack.
var admissions = sync.Pool{New: func() any { return new(Admission) }} //nolint:gochecknoglobals // a pool is one for the process

// Begin returns an Admission for one call. Defer its End.
func Begin() *Admission {
	return admissions.Get().(*Admission) //nolint:errcheck,forcetypeassert // nothing else is ever put there
}

// End abandons the call if it has not been settled, see [Admission.Abandon], and gives
// the Admission back, which must not be used any more.
func (a *Admission) End() {
	if a.state != settled || a.unsettled > 0 {
		a.Abandon()
	}
	a.forget()
	admissions.Put(a)
}

// forget drops what the admission refers to, so that it keeps nothing alive.
func (a *Admission) forget() {
	for i := range a.held {
		a.holds[i].settler = nil
	}
	a.Control, a.Classifier, a.ctx, a.Call.Context, a.observer, a.outcome.Err = nil, nil, nil, nil, nil, nil
	if a.Told != nil {
		a.Told = nil
	}
	if a.judge != nil {
		a.judge, a.outcome.By = nil, ""
	}
	if a.wants.has(WantsReply | WantsMetadata) {
		a.reply, a.outcome.Reply = Reply{}, nil
	}
	a.held, a.state = 0, settled
}

// begin readies a for a call. A policy may have set a context for the call before and
// then refused it.
func (a *Admission) begin(ctx context.Context) {
	a.ctx, a.Call.Context, a.observer, a.judge = ctx, nil, nil, nil
	a.wants, a.state, a.held, a.unsettled = 0, admitting, 0, 0
	a.waitedIn, a.longest, a.started, a.responded = 0, 0, 0, 0
}

// Wants reports whether any permit of the call, or its observer, wants any of x.
func (a *Admission) Wants(x Wants) bool { return a.wants.has(x) }

// Reply returns where an adapter notes what the call was answered with, for
// [Outcome.Reply] of a call that somebody wants to know that of.
func (a *Admission) Reply() *Reply { return &a.reply }

// blocked notes that a policy of the given layer blocked the call for d.
func (a *Admission) blocked(in Layer, d time.Duration) {
	if d > a.longest {
		a.waitedIn, a.longest = in, d
	}
}

// refused settles after an error of a policy: as not started, unless the call
// had started, in which case the error stands in for its outcome.
func (a *Admission) refused(err error) {
	if a.state == running {
		a.Settle(err)
		return
	}
	a.state = settled
	if a.held > 0 {
		a.outcome = Outcome{Err: err, Verdict: NotStarted, Decided: true}
		a.settle()
	}
	if a.observer != nil {
		a.observer.Rejected(a.ctx, &a.Call, Rejected{Err: err, Waited: a.Call.Waited, WaitedIn: a.waitedIn})
	}
}

// Refuse ends a call that the adapter cannot let start, as not started.
func (a *Admission) Refuse(err error) {
	a.state = admitting
	a.refused(err)
}

// start marks the call as started, once.
func (a *Admission) start() {
	if a.state != admitting {
		return
	}
	a.state, a.late = running, a.ctx.Err() != nil
	if a.wants.has(WantsStart|WantsResponse) && !a.SentLater {
		a.started = a.Call.Now()
		a.tellStarted()
	}
	if a.wants.has(WantsMessages) && a.Call.Side == Client {
		a.Waiting(Received, true)
	}
	if a.observer != nil && (a.tellAll || a.Call.Waited > 0 || a.Call.Notes != 0) {
		a.ctx = a.observer.Admitted(a.ctx, &a.Call, Admitted{
			Waited: a.Call.Waited, WaitedIn: a.waitedIn, Notes: a.Call.Notes, Started: a.started,
		})
	}
}

// Sent notes that the request of a call that is SentLater has been sent, once. It must not
// run at the same time as Settle; what it returns may, which tells the settlers, if not nil.
func (a *Admission) Sent() (tell func()) {
	later := a.SentLater
	a.SentLater = false
	if !later || a.state != running || !a.wants.has(WantsStart|WantsResponse) {
		return nil
	}
	a.started = Now()
	return a.tellStarted
}

// tellStarted tells the settlers that want to know of the start.
func (a *Admission) tellStarted() {
	for i := range a.held {
		a.holds[i].started(a.started)
	}
}

// Settle ends the call: it classifies its error, fills in the instants and settles the
// permits, innermost first. Later calls of Settle and SettleAs do nothing. Where a settler
// panics, Abandon settles the others.
func (a *Admission) Settle(err error) {
	if a.state == settled {
		return
	}
	// Field by field: a copy of the whole costs as much as a policy's own work.
	o := &a.outcome
	o.Err, o.Verdict, o.Decided, o.End, o.Evidence = err, Success, false, 0, Evidence{}
	if err != nil || a.Classifier != nil || a.judge != nil {
		a.read()
	}
	a.settleAndTell()
}

// SettleAs ends the call as [Admission.Settle] does, with an outcome of which more is
// known: its evidence, or o.Verdict if o.Decided is set.
func (a *Admission) SettleAs(o Outcome) {
	if a.state != settled {
		a.outcome, a.outcome.End = o, 0
		a.read()
		a.settleAndTell()
	}
}

// read completes the evidence and reads it: by the call's classifier if it has one, else
// by the judge, else as is usual.
func (a *Admission) read() {
	o := &a.outcome
	if o.Err != nil {
		o.End = Now()
		o.complete(o.Err, a.ctx, a.late, o.End)
	}
	if o.Decided || a.judge != nil && a.Classifier == nil && a.Told.judged(a.judge, &a.Call, o) {
		return
	}
	o.Verdict, o.Decided = o.verdict(o.Err, a.Call.Side, a.Classifier)
}

// settleAndTell settles the permits and tells the observer.
func (a *Admission) settleAndTell() {
	a.settle()
	if a.observer != nil {
		a.observer.Settled(a.ctx, &a.Call, &a.outcome)
	}
}

// settle completes the outcome and hands it to every settler.
func (a *Admission) settle() {
	a.state = settled
	o := &a.outcome
	o.Started, o.Responded = a.started, a.responded
	if o.End == 0 && a.wants.has(WantsEnd) {
		o.End = Now()
	}
	for a.unsettled = a.held; a.unsettled > 0; {
		a.unsettled--
		h := &a.holds[a.unsettled]
		h.settler.Settle(h.token, o)
	}
}

// settleRest settles those that have not heard of the outcome because one panicked.
func (a *Admission) settleRest() {
	if a.unsettled == 0 {
		return
	}
	defer a.settleRest()
	a.unsettled--
	h := &a.holds[a.unsettled]
	h.settler.Settle(h.token, &a.outcome)
}

// Abandon settles a call that has not been settled because of a panic or
// runtime.Goexit: as a failure if it had started, else as not started. It does
// nothing if the call is settled.
func (a *Admission) Abandon() {
	defer a.settleRest()
	switch {
	case a.state == settled || a.ctx == nil: // never asked for
	case a.state == running:
		a.SettleAs(Outcome{Err: ErrPanicked, Verdict: Failure, Decided: true})
	default:
		a.outcome = Outcome{Err: ErrPanicked, Verdict: NotStarted, Decided: true}
		a.settle()
	}
}

// Respond notes the first response message of a stream. It must not run at the
// same time as Settle. It returns a function that tells the settlers that want
// to know, or nil if there are none. That function may run at the same time as
// Settle.
func (a *Admission) Respond() (tell func()) {
	if a.responded != 0 || a.state != running || !a.wants.has(WantsResponse) {
		return nil
	}
	a.responded = Now()
	return a.tellResponded
}

func (a *Admission) tellResponded() {
	for i := range a.held {
		a.holds[i].responded(a.started, a.responded)
	}
}

// Waiting tells the settlers that want to know of waits for the peer. It may run at the
// same time as Settle.
func (a *Admission) Waiting(d Direction, waits bool) {
	if !a.wants.has(WantsMessages) {
		return
	}
	for i := range a.held {
		a.holds[i].waiting(d, waits)
	}
}

// Message tells the settlers that want to know of a message that was sent or
// received. It stops at the first error, which must end the stream. It may run
// at the same time as Settle.
func (a *Admission) Message(d Direction) error {
	if !a.wants.has(WantsMessages) {
		return nil
	}
	for i := range a.held {
		if err := a.holds[i].message(d); err != nil {
			return err
		}
	}
	return nil
}
