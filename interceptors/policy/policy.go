package policy

import (
	"context"
	"time"
)

// Policy decides whether a call may start and learns how it ended.
// Implementations must be safe for concurrent use. The package policytest
// checks that one keeps this contract.
type Policy interface {
	// Acquire admits the call or refuses it. It may block, for a place in a
	// queue say, until ctx is done at the latest. A refusal is a *[Rejection];
	// any other error is passed on unchanged and counts as a refusal too. A
	// refusal must leave nothing behind: no place taken, nothing to settle.
	Acquire(ctx context.Context, call Call) (Permit, error)
}

// Permit is what a policy hands out when it admits a call. The zero Permit
// means: admitted, nothing to change, nothing to settle. It travels by value,
// so that admitting a call allocates nothing.
type Permit struct {
	// Context replaces the caller's context for the rest of the call. Nil keeps
	// it. A policy that ends a running call cancels this context with a cause
	// that has a GRPCStatus method; the caller then gets that cause as error.
	Context context.Context //nolint:containedctx // handed from Acquire to the adapter and kept by neither
	// Settler hears how the call ended. Nil: nothing to settle.
	Settler Settler
	// Token is handed back to the Settler; what it means is the policy's own.
	Token uint64
	// Wants says what else the Settler needs. Zero: the outcome only.
	Wants Wants
	// At is the instant that Acquire read last, zero if it read none. It saves
	// the policies further in from reading the clock again.
	At Instant
	// Waited is how long Acquire blocked, zero if it did not. At must then be
	// the instant after the wait. It is read of a refusal too, and nothing else
	// of one.
	Waited time.Duration
	// Notes are facts about the admission that observers hear of.
	Notes Notes
}

// Notes is a set of facts about how a call was admitted.
type Notes uint8

const (
	// NoteProbe says that a half-open breaker uses the call to try the dependency.
	NoteProbe Notes = 1 << iota
	// NoteShadowed says that a policy which only watches would have refused the call.
	NoteShadowed
)

// Has reports whether all of x are in n.
func (n Notes) Has(x Notes) bool { return n&x == x }

// Settler learns how an admitted call ended. Settle is called exactly once per
// permit, from any goroutine, and must not block.
type Settler interface {
	Settle(token uint64, o Outcome)
}

// Wants is a set of things that a permit needs beyond the outcome. What nobody
// wants is not done: an unwanted clock is not read.
type Wants uint8

const (
	// WantsStart fills Outcome.Started. A Settler that is a [Starter] is called.
	// A permit of LayerFault comes too late for both: the call has started.
	WantsStart Wants = 1 << iota
	// WantsEnd fills Outcome.End.
	WantsEnd
	// WantsResponse fills Outcome.Started and Outcome.Responded, the first
	// response message of a stream that has several. A Settler that is a
	// [Responder] is called.
	WantsResponse
	// WantsMessages has a Settler that is a [Messenger] called for each message
	// of a stream.
	WantsMessages
	// WantsInterrupt has a server's blocked RecvMsg return when the permit's
	// Context is cancelled, which by itself it would not notice. It costs a
	// goroutine per message.
	WantsInterrupt
	// WantsPushback fills Outcome.Pushback from a failed call's trailers. It
	// costs allocations: ask for it only when the answer may matter.
	WantsPushback
)

func (w Wants) has(x Wants) bool { return w&x != 0 }

// Starter is implemented by a Settler that must hear when the call started:
// when every policy has admitted it. Time in our own queues lies before.
type Starter interface {
	Started(token uint64, at Instant)
}

// Responder is implemented by a Settler that must hear of the first response
// message of a stream, received by a client or sent by a server. The call may
// race with Settle and come after it.
type Responder interface {
	Responded(token uint64, started, at Instant)
}

// Messenger is implemented by a Settler that must hear of every message of a
// stream once it was sent or received. An error ends the stream: the caller
// (or, on a server, the client) gets that error. Calls may race with each
// other and with Settle, and may come after it.
type Messenger interface {
	Message(token uint64, d Direction) error
}

// Direction is which way a message of a stream went.
type Direction uint8

// The directions, seen from the side the policy is on.
const (
	Sent Direction = iota
	Received
)
