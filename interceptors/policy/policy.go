package policy

import "context"

// Policy decides whether a call may start and learns how it ended.
// Implementations must be safe for concurrent use. Package policytest checks
// that an implementation keeps this contract.
type Policy interface {
	// Acquire admits the call or refuses it. It may block, for example in a queue,
	// but only until ctx is done; it then tells [Call.Blocked]. A refusal is a
	// *[Rejection]; any other error is passed on unchanged and counts as a refusal
	// too. A refusal must leave nothing behind: no place taken, nothing to settle.
	//
	// The call must not be kept: after Acquire it may become another one.
	Acquire(ctx context.Context, call *Call) (Permit, error)
}

// Permit is what a policy hands out when it admits a call. The zero Permit
// admits the call and needs no settling. A Permit is passed by value, and small enough
// for registers: four words in three fields are the most that the compiler keeps there.
type Permit struct {
	// Settler hears how the call ended. Nil: nothing to settle.
	Settler Settler
	// Token is handed back to the Settler. Its meaning is up to the policy.
	Token uint64
	// Wants says what the Settler needs beyond the outcome. Zero: nothing.
	Wants Wants
}

// Settler learns how an admitted call ended. Settle is called exactly once per
// permit, from any goroutine, and must not block. It must not keep the outcome:
// after Settle it may become that of another call.
type Settler interface {
	Settle(token uint64, o *Outcome)
}

// Wants is a set of things that a permit needs beyond the outcome. Nothing is
// done that no permit wants: the clock, for instance, is read only if needed.
type Wants uint8

const (
	// WantsStart fills Outcome.Started and calls a Settler that is a [Starter]. It
	// has no effect for a policy of [LayerFault], whose calls have already
	// started.
	WantsStart Wants = 1 << iota
	// WantsEnd fills Outcome.End.
	WantsEnd
	// WantsResponse fills Outcome.Started and Outcome.Responded, the first
	// response message of a stream that has several. It also calls a Settler that
	// is a [Responder].
	WantsResponse
	// WantsMessages calls a Settler that is a [Messenger] for each message of a
	// stream, and one that is a [Waiter] for each wait for one.
	WantsMessages
	// WantsInterrupt ends a server's stream at once when the permit's Context is
	// cancelled with a status as its cause: the client gets that status, the permits are
	// settled, and the handler, which may not notice, runs on by itself. It costs a
	// goroutine per stream.
	WantsInterrupt
	// WantsEvidence fills in all of a failed call's [Evidence] that there is, from its
	// header, trailer and connection. Without it little more is known than whose time was
	// up. It costs allocations: ask for it only when the answer may matter.
	WantsEvidence
	// WantsReply fills in [Outcome.Reply] with the response message of a call that has one
	// response and ended well.
	WantsReply
	// WantsMetadata fills in [Outcome.Reply] with header and trailer. It costs allocations.
	WantsMetadata
)

func (w Wants) has(x Wants) bool { return w&x != 0 }

// Starter is implemented by a Settler that must hear when the call starts,
// which is when every policy has admitted it. Time spent in afloat's own queues
// comes before that.
type Starter interface {
	Started(token uint64, at Instant)
}

// Responder is implemented by a Settler that must hear of the first response
// message of a stream, received by a client or sent by a server. Responded may
// run at the same time as Settle, or after it.
type Responder interface {
	Responded(token uint64, started, at Instant)
}

// Messenger is implemented by a Settler that must hear of every message of a
// stream, once it has been sent or received. An error ends the stream: the
// caller (or, on a server, the client) gets that error. Calls of Message may
// run at the same time as each other and as Settle, or after Settle.
type Messenger interface {
	Message(token uint64, d Direction) error
}

// Waiter is implemented by a Settler that must hear when the user of a stream waits
// for the peer, in RecvMsg, SendMsg or Header, and when it no longer does, be it for a
// message or without one. For a message, a [Messenger] hears after that. A client waits
// from the start, in the direction Received, until its stream is open. Waits may overlap;
// otherwise it is called as a Messenger is.
type Waiter interface {
	Waiting(token uint64, d Direction, waits bool)
}

// Direction is which way a message of a stream went.
type Direction uint8

// The directions, as seen from the policy's side.
const (
	Sent Direction = iota
	Received
)

// Controller is implemented by a policy that controls overload, or exempts calls from
// that control. Calls whose chain has one are not under that of their server.
type Controller interface {
	Policy

	Controls()
}

// Idler is implemented by a policy that knows when it can be dropped and made
// anew without loss: nothing in flight, nothing remembered. Rules never drop a
// policy that is not an Idler. A configuration that was changed on the policy
// itself is lost when it is dropped: a change that must last belongs in the
// rules.
type Idler interface {
	Idle() bool
}
