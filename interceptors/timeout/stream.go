package timeout

import (
	"context"
	"sync"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// stream bounds a stream.
func (c *Config) stream(ctx context.Context, call *policy.Call) policy.Permit {
	bounds := c.bounds(ctx, call)
	if bounds == (Config{}) {
		return policy.Permit{}
	}
	s := &streamTimer{Config: bounds}
	p := policy.Permit{Settler: s, Wants: bounds.wants(call)}
	call.Context, s.cancel = context.WithCancelCause(ctx)
	s.total = s.arm(s.Total, ErrTotal)
	return p
}

// bounds returns the bounds of c that can end a stream before its own deadline
// does.
func (c *Config) bounds(ctx context.Context, call *policy.Call) Config {
	bounds := Config{FirstMessage: c.FirstMessage, Idle: c.Idle, Total: c.Total}
	if call.Shape == policy.ClientStream {
		bounds.FirstMessage = 0 // its one response is its end
	}
	deadline, ok := ctx.Deadline()
	if !ok || bounds == (Config{}) {
		return bounds
	}
	left := policy.InstantOf(deadline).Sub(call.Now())
	for _, d := range [...]*time.Duration{&bounds.FirstMessage, &bounds.Idle, &bounds.Total} {
		if *d >= left {
			*d = 0
		}
	}
	return bounds
}

// wants is what a streamTimer with these bounds needs.
func (c *Config) wants(call *policy.Call) (w policy.Wants) {
	if c.FirstMessage > 0 {
		w |= policy.WantsStart | policy.WantsResponse
	}
	if c.Idle > 0 {
		w |= policy.WantsStart | policy.WantsMessages
	}
	if call.Side == policy.Server {
		w |= policy.WantsInterrupt
	}
	return w
}

// streamTimer is the settler of a bounded stream. It ends the stream by
// cancelling its context, with the error of the bound that was exceeded as the
// cause.
type streamTimer struct {
	Config

	cancel context.CancelCauseFunc

	mu                  sync.Mutex // orders timers against the end
	ended               bool
	first, quiet, total *time.Timer
}

// Started starts the timers for what the dependency is responsible for. It is
// not responsible for time in our own queues, which only Total includes.
func (s *streamTimer) Started(uint64, policy.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = s.arm(s.FirstMessage, ErrFirstMessage)
	s.quiet = s.arm(s.Idle, ErrIdle)
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
	// A timer that has fired has ended the stream and must not fire again.
	if !s.ended && s.quiet.Stop() {
		s.quiet.Reset(s.Idle)
	}
	return nil
}

// Settle stops counting and releases the context.
func (s *streamTimer) Settle(uint64, *policy.Outcome) {
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
