package policytest

import (
	"context"
	"slices"
	"sync"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Recorder is a [policy.Observer] that keeps everything it hears. Its zero
// value is ready. It is safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []Event
}

// Event is one call of a method of a [Recorder].
type Event struct {
	// Kind says which method of the observer was called.
	Kind EventKind
	// Call is the call, unless the event is a transition or a late outcome.
	Call policy.Call
	// Admitted, Rejected, Outcome, Transition, Late and Overrun are what came with
	// the event.
	Admitted   policy.Admitted
	Rejected   policy.Rejected
	Outcome    policy.Outcome
	Transition policy.Transition
	Late       policy.Late
	Overrun    policy.Overrun
}

// EventKind names a method of [policy.Observer].
type EventKind string

// The kinds of events.
const (
	Admitted   EventKind = "admitted"
	Rejected   EventKind = "rejected"
	Settled    EventKind = "settled"
	Transition EventKind = "transition"
	Late       EventKind = "late"
	Leaked     EventKind = "leaked"
	Overran    EventKind = "overran"
)

// Events returns everything heard so far, in order.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Kinds returns the kinds of all events, in order.
func (r *Recorder) Kinds() []EventKind {
	var kinds []EventKind
	for _, e := range r.Events() {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// Of returns the events of one kind, in order.
func (r *Recorder) Of(k EventKind) []Event {
	return slices.DeleteFunc(r.Events(), func(e Event) bool { return e.Kind != k })
}

// Reset forgets everything.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

func (r *Recorder) record(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// Interest implements [policy.Selective]: everything.
func (*Recorder) Interest() policy.Interest {
	return policy.Interest{
		Instants:       policy.WantsStart | policy.WantsResponse | policy.WantsEnd,
		EveryAdmission: true,
	}
}

// Admitted implements [policy.Observer].
func (r *Recorder) Admitted(ctx context.Context, call *policy.Call, a policy.Admitted) context.Context {
	r.record(Event{Kind: Admitted, Call: call.Copy(), Admitted: a})
	return ctx
}

// Rejected implements [policy.Observer].
func (r *Recorder) Rejected(_ context.Context, call *policy.Call, why policy.Rejected) {
	r.record(Event{Kind: Rejected, Call: call.Copy(), Rejected: why})
}

// Settled implements [policy.Observer].
func (r *Recorder) Settled(_ context.Context, call *policy.Call, o *policy.Outcome) {
	r.record(Event{Kind: Settled, Call: call.Copy(), Outcome: *o})
}

// Transition implements [policy.Observer].
func (r *Recorder) Transition(t policy.Transition) {
	r.record(Event{Kind: Transition, Transition: t})
}

// Late implements [policy.Observer].
func (r *Recorder) Late(l policy.Late) { r.record(Event{Kind: Late, Late: l}) }

// Leaked implements [policy.Observer].
func (r *Recorder) Leaked(call *policy.Call) { r.record(Event{Kind: Leaked, Call: call.Copy()}) }

// Overran implements [policy.Observer].
func (r *Recorder) Overran(call *policy.Call, o policy.Overrun) {
	r.record(Event{Kind: Overran, Call: call.Copy(), Overrun: o})
}
