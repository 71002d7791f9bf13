package policy

import (
	"context"
	"time"
)

// Observer hears what policies and adapters do; package telemetry has one. Its methods,
// and those of [Selective], must be safe for concurrent use and must not block. They are called outside all locks, and their panics are recovered and dropped.
// Embed [NopObserver] to implement only some methods and to stay compatible when
// methods are added.
type Observer interface {
	// Admitted: every policy of the call's chain let it through. The returned
	// context becomes the call's; nil leaves it unchanged.
	Admitted(ctx context.Context, call *Call, a Admitted) context.Context
	// Rejected: a policy refused the call.
	Rejected(ctx context.Context, call *Call, r Rejected)
	// Settled: an admitted call ended.
	Settled(ctx context.Context, call *Call, o *Outcome)
	// Transition: a policy changed its state. The transitions of one policy come
	// in order.
	Transition(t Transition)
	// Late: a call ended after the state it was admitted under had passed, so
	// its outcome changed nothing.
	Late(l Late)
	// Leaked: a stream was dropped before its end, and has been reaped.
	Leaked(call *Call)
	// Overran: a policy ended a server's stream and its handler runs on, or such a
	// handler has ended now.
	Overran(call *Call, o Overrun)
}

// Selective is implemented by an [Observer] that says what it needs to hear. An
// Observer that is not Selective hears of every event, but gets only the
// instants that some policy wanted: reading the clock is most of the cost of a
// guarded call.
type Selective interface {
	// Interest is called when a chain is built.
	Interest() Interest
}

// Interest is what an observer needs to hear.
type Interest struct {
	// Instants says which instants of [Admitted] and [Outcome] must be filled in:
	// any of WantsStart, WantsResponse and WantsEnd.
	Instants Wants
	// EveryAdmission: Admitted is called for every admitted call. Otherwise it is
	// called only for calls that had to wait or have a note.
	EveryAdmission bool
}

// Admitted describes an admitted call.
type Admitted struct {
	// Waited is how long policies blocked the call, zero if none did. WaitedIn is
	// the layer of the one that blocked it longest; it means nothing if Waited is
	// zero.
	Waited   time.Duration
	WaitedIn Layer
	// Notes are the notes of all permits together.
	Notes Notes
	// Started is when the last policy admitted the call, zero if nobody wanted to
	// know.
	Started Instant
}

// Rejected describes a refused call.
type Rejected struct {
	// Err is a *[Rejection], unless a policy of your own returned another error.
	Err error
	// Waited and WaitedIn are as in [Admitted] and include the policy that
	// refused.
	Waited   time.Duration
	WaitedIn Layer
}

// Transition is a change of a policy's state, with the figures behind it.
type Transition struct {
	// Policy is the kind of policy, as in "breaker"; Name is its own name.
	Kind, Name string
	// Target and Side are those of the calls that the policy guards. They are
	// known only for policies that rules made; otherwise Target is empty and Side
	// is Local.
	Target string
	Side   Side
	// Shadow: the policy only watches and refuses nothing, whatever its state.
	Shadow bool
	// From and To are states in the policy's own words, as in "half_open".
	From, To string
	// Cause is what triggered the change, in the policy's own words.
	Cause string
	// At is when the state changed.
	At Instant
	// Until is the earliest time that the new state can end by itself. Zero: time
	// alone does not end it.
	Until Instant
	// Calls, Failures, Slow and Overdue are the counts that were judged.
	Calls, Failures, Slow, Overdue int
	// By names what of the rule judged the call that caused the change, such as a
	// condition, see [Outcome]. Empty: nothing did.
	By string
}

// Late is an outcome that came too late to count.
type Late struct {
	// Policy is the kind of policy, Name its own name.
	Kind, Name string
	// Target, Side and Shadow are as in [Transition].
	Target string
	Side   Side
	Shadow bool
	// Verdict is what the outcome would have counted as.
	Verdict Verdict
	// Outcome is how the call ended.
	Outcome Outcome
}

// Overrun is a handler that runs on after a policy ended its stream.
type Overrun struct {
	// Ended: the handler has ended now.
	Ended bool
	// For is how long it ran on, once it has ended.
	For time.Duration
	// Panic is what it panicked with after the end of its stream, nil if it did not. It
	// was caught: nobody was left to pass it on to.
	Panic *PanicError
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{}

// Admitted returns ctx.
func (NopObserver) Admitted(ctx context.Context, _ *Call, _ Admitted) context.Context { return ctx }

// Rejected does nothing.
func (NopObserver) Rejected(context.Context, *Call, Rejected) {}

// Settled does nothing.
func (NopObserver) Settled(context.Context, *Call, *Outcome) {}

// Transition does nothing.
func (NopObserver) Transition(Transition) {}

// Late does nothing.
func (NopObserver) Late(Late) {}

// Leaked does nothing.
func (NopObserver) Leaked(*Call) {}

// Overran does nothing.
func (NopObserver) Overran(*Call, Overrun) {}
