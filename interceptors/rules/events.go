package rules

import (
	"context"
	"sync"
	"time"

	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// MaxEvents is how many events are remembered.
const MaxEvents = 512

// Events are what has happened to the policies of [Rules] lately, the last [MaxEvents]. They
// are numbered from 1 on. They are safe for concurrent use.
type Events struct {
	mu sync.Mutex
	// ring has the event of number n at (n-1) % MaxEvents.
	ring []Event
	last uint64
	// more is closed when there is another event. Nil: nobody waits.
	more chan struct{}
}

// Event is one thing that has happened: a change of a policy's state, or something that was
// done by hand.
type Event struct {
	// Number is its own.
	Number uint64
	// At is when it happened.
	At time.Time
	// Transition is the change of a state, nil if it is none.
	Transition *policy.Transition
	// Steered is what was done by hand, nil if nothing was.
	Steered *override.Change
}

// Last returns the number of the last event, 0 if there was none.
func (e *Events) Last() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// Since returns the events after the one of that number, the oldest first, and how many of
// them are forgotten.
func (e *Events) Since(number uint64) (all []Event, missed uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	number = min(number, e.last)
	if oldest := e.last - uint64(len(e.ring)); number < oldest {
		missed, number = oldest-number, oldest
	}
	for n := number + 1; n <= e.last; n++ {
		all = append(all, e.ring[(n-1)%MaxEvents])
	}
	return all, missed
}

// Await blocks until there is an event after the one of that number, and returns nil, or
// until ctx ends, and returns its error.
func (e *Events) Await(ctx context.Context, number uint64) error {
	e.mu.Lock()
	if e.last > number {
		e.mu.Unlock()
		return nil
	}
	if e.more == nil {
		e.more = make(chan struct{})
	}
	more := e.more
	e.mu.Unlock()
	select {
	case <-more:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// add adds an event, and forgets the oldest if need be.
func (e *Events) add(what Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last++
	what.Number = e.last
	if len(e.ring) < MaxEvents {
		e.ring = append(e.ring, what)
	} else {
		e.ring[(e.last-1)%MaxEvents] = what
	}
	if e.more != nil {
		close(e.more)
		e.more = nil
	}
}

// reporter adds what policies report to the events, and passes it on.
type reporter struct {
	policy.Observer

	events *Events
}

// Transition adds a change of a state.
func (r reporter) Transition(t policy.Transition) {
	r.events.add(Event{At: t.At.Time(), Transition: &t})
	r.Observer.Transition(t)
}
