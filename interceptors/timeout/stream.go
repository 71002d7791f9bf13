package timeout

import (
	"context"
	"sync"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// stream bounds a stream.
func (c *Config) stream(ctx context.Context, call policy.Call) policy.Permit {
	if c.FirstMessage == 0 && c.Idle == 0 && c.Total == 0 {
		return policy.Permit{}
	}
	s := &streamTimer{Config: *c}
	if call.Kind == policy.ClientStream {
		s.FirstMessage = 0 // its one response is its end
	}
	ctx, s.cancel = context.WithCancelCause(ctx)
	p := policy.Permit{
		Context: ctx, Settler: s,
		Wants: policy.WantsStart | policy.WantsResponse,
	}
	if s.Idle > 0 {
		p.Wants |= policy.WantsMessages
	}
	if call.Side == policy.Server {
		p.Wants |= policy.WantsInterrupt
	}
	return p
}

// streamTimer is the settler of a bounded stream. It ends the stream by
// cancelling its context with what it ran out of as the cause.
type streamTimer struct {
	Config

	cancel context.CancelCauseFunc

	mu                  sync.Mutex // orders timers against the end
	ended               bool
	first, quiet, total *time.Timer
}

// Started begins to count. Time spent in our own queues is bounded by the
// caller's deadline, if by anything.
func (s *streamTimer) Started(uint64, policy.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = s.arm(s.FirstMessage, ErrFirstMessage)
	s.quiet = s.arm(s.Idle, ErrIdle)
	s.total = s.arm(s.Total, ErrTotal)
}

// arm ends the stream after d, if it is not 0.
func (s *streamTimer) arm(d time.Duration, cause error) *time.Timer {
	if d == 0 {
		return nil
	}
	return time.AfterFunc(d, func() { s.cancel(cause) })
}

// Responded notes the first response message.
func (s *streamTimer) Responded(uint64, policy.Instant, policy.Instant) { stop(s.first) }

// Message notes a message in either direction.
func (s *streamTimer) Message(uint64, policy.Direction) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A timer that has fired has ended the stream: it must not fire again.
	if !s.ended && s.quiet.Stop() {
		s.quiet.Reset(s.Idle)
	}
	return nil
}

// Settle stops counting and releases the context.
func (s *streamTimer) Settle(uint64, policy.Outcome) {
	s.mu.Lock()
	s.ended = true
	stop(s.first)
	stop(s.quiet)
	stop(s.total)
	s.mu.Unlock()
	s.cancel(nil)
}

// stop stops a timer that may be nil.
func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
