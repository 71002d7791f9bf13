package policy

import (
	"context"
	"time"
)

// Observer hears what policies and adapters do: telemetry is one. Methods, those of
// [Selective] and [Watcher] too, must be safe for concurrent use and must not
// block; they run outside all locks, and one that panics harms nothing. Embed [NopObserver] to implement some of
// them and to stay compatible when methods are added.
type Observer interface {
	// Admitted: every policy of the call's chain let it through. The context that
	// it returns is the call's.
	Admitted(ctx context.Context, call Call, a Admitted) context.Context
	// Rejected: a policy refused the call.
	Rejected(ctx context.Context, call Call, r Rejected)
	// Settled: an admitted call ended.
	Settled(ctx context.Context, call Call, o Outcome)
	// Transition: a policy changed its state. Those of one policy come in order.
	Transition(t Transition)
	// Late: a call ended after the state it was admitted under had passed, so
	// its outcome changed nothing.
	Late(l Late)
	// Leaked: a stream was dropped without being ended, and has been reaped.
	Leaked(call Call)
}

// Selective is implemented by an [Observer] that says what it needs to hear. One
// that is not hears of every event, and of no instants but those that a policy
// wanted: reading the clock is what a guarded call mostly costs.
type Selective interface {
	// Interest is asked for when a chain is built.
	Interest() Interest
}

// Interest is what an observer needs to hear.
type Interest struct {
	// Instants of [Admitted] and [Outcome] that must be there: any of WantsStart,
	// WantsResponse and WantsEnd.
	Instants Wants
	// EveryAdmission: Admitted is called for every admitted call. Else only for
	// those of which there is something to say, a wait or a note.
	EveryAdmission bool
}

// Watcher is implemented by an [Observer] that looks at what rules hold from time
// to time, as metrics of states do.
type Watcher interface {
	// Watch is called once, when the rules are built. It must not keep them from
	// being collected.
	Watch(r *Rules)
}

// Admitted is what there is to say about an admitted call.
type Admitted struct {
	// Waited is how long policies blocked the call, zero if none did. WaitedIn is
	// the layer of the one that blocked it the longest.
	Waited   time.Duration
	WaitedIn Layer
	// Notes are those of all permits.
	Notes Notes
	// Started is when the last policy admitted it, zero if nobody wanted to know.
	Started Instant
}

// Rejected is what there is to say about a refused call.
type Rejected struct {
	// Err is a *[Rejection] unless a user's policy returned an error of another
	// kind.
	Err error
	// Waited and WaitedIn are as in [Admitted], the policy that refused included.
	Waited   time.Duration
	WaitedIn Layer
}

// Transition is a change of a policy's state, with the figures behind it.
type Transition struct {
	// Policy is the kind of policy, as in "breaker"; Name is its own name.
	Policy, Name string
	// Target and Side are those of the calls that it guards. The rules that made a
	// policy know them; one that reports by itself says Local.
	Target string
	Side   Side
	// Shadow: the policy only watches, and refuses nothing whatever its state.
	Shadow bool
	// From and To are states in the policy's own words, as in "half_open".
	From, To string
	// Cause says what tipped it, in the policy's own words.
	Cause string
	// At is when.
	At Instant
	// Until is when the new state may end by itself. Zero: not by time.
	Until Instant
	// Calls, Failures, Slow and Overdue are the counts that were judged.
	Calls, Failures, Slow, Overdue int
}

// Late is an outcome that came too late to count.
type Late struct {
	// Policy is the kind of policy, Name its own name.
	Policy, Name string
	// Target, Side and Shadow are as in [Transition].
	Target string
	Side   Side
	Shadow bool
	// Verdict is what it would have counted as.
	Verdict Verdict
	// Outcome is how the call ended.
	Outcome Outcome
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{}

// Admitted returns ctx.
func (NopObserver) Admitted(ctx context.Context, _ Call, _ Admitted) context.Context { return ctx }

// Rejected does nothing.
func (NopObserver) Rejected(context.Context, Call, Rejected) {}

// Settled does nothing.
func (NopObserver) Settled(context.Context, Call, Outcome) {}

// Transition does nothing.
func (NopObserver) Transition(Transition) {}

// Late does nothing.
func (NopObserver) Late(Late) {}

// Leaked does nothing.
func (NopObserver) Leaked(Call) {}
