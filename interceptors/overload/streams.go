package overload

import (
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// stream is a stream of a server. It has a place while its handler is at work on a message,
// and none while it waits for one: from when a message has come, and from its opening,
// until the next message is sent or waited for. It is safe for concurrent use.
type stream struct {
	control *Control
	at      atomic.Uint32
}

// The states of a stream.
const (
	working uint32 = iota // it has a place
	waiting
	over
)

// newStream returns a stream that has a place.
func newStream(c *Control) *stream { return &stream{control: c} }

// permit returns that of the stream.
func (s *stream) permit() policy.Permit {
	return policy.Permit{Settler: s, Wants: policy.WantsMessages}
}

// rest gives the place back, if the stream has one, for the state to.
func (s *stream) rest(to uint32) {
	if s.at.CompareAndSwap(working, to) {
		s.control.ended.Add(1)
		s.control.room.leave()
	}
}

// Message takes a place for a message that has come, however many there are: it has been
// read, and others cannot be. One that was sent ends the work on what came before.
func (s *stream) Message(_ uint64, d policy.Direction) error {
	if d == policy.Sent {
		s.rest(waiting)
	} else if s.at.CompareAndSwap(waiting, working) {
		s.control.room.counts.Add(queue.OneInFlight)
	}
	return nil
}

// Waiting gives the place back while the handler waits for the client.
func (s *stream) Waiting(_ uint64, d policy.Direction, waits bool) {
	if waits && d == policy.Received {
		s.rest(waiting)
	}
}

// Settle ends the stream.
func (s *stream) Settle(uint64, *policy.Outcome) {
	s.rest(over)
	s.at.Store(over)
}
