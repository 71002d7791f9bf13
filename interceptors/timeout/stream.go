package timeout

import (
	"context"
	"sync"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// bounds are those of a stream. Zero: there is none.
type bounds struct{ firstMessage, idle, total time.Duration }

// boundsOf returns the bounds that can end a stream before its own deadline does.
func boundsOf(ctx context.Context, cfg *Config, call *policy.Call) bounds {
	b := bounds{cfg.FirstMessage, cfg.Idle, cfg.Total}
	if call.Shape == policy.ClientStream {
		b.firstMessage = 0 // its one response is its end
	}
	deadline, ok := ctx.Deadline()
	if !ok || b == (bounds{}) {
		return b
	}
	left := policy.InstantOf(deadline).Sub(call.Now())
	for _, d := range [...]*time.Duration{&b.firstMessage, &b.idle, &b.total} {
		if *d >= left {
			*d = 0
		}
	}
	return b
}

// wants returns what the timers of a stream with these bounds need.
func (b bounds) wants(side policy.Side) (w policy.Wants) {
	if b.firstMessage > 0 {
		w |= policy.WantsStart | policy.WantsResponse
	}
	if b.idle > 0 {
		w |= policy.WantsStart | policy.WantsMessages
	}
	if side == policy.Server {
		w |= policy.WantsInterrupt
	}
	return w
}

// stream is the settler of a bounded stream. It ends the stream by cancelling its
// context, with the error of the bound that was exceeded as the cause.
type stream struct {
	bounds

	cancel context.CancelCauseFunc

	mu                  sync.Mutex // orders timers against the end
	ended               bool
	first, quiet, whole *time.Timer
}

// newStream returns the permit of a stream, empty if nothing bounds it.
func newStream(ctx context.Context, cfg *Config, call *policy.Call) policy.Permit {
	b := boundsOf(ctx, cfg, call)
	if b == (bounds{}) {
		return policy.Permit{}
	}
	s := &stream{bounds: b}
	p := policy.Permit{Settler: s, Wants: b.wants(call.Side)}
	call.Context, s.cancel = context.WithCancelCause(ctx)
	s.whole = s.arm(s.total, ErrTotal)
	return p
}

// Started starts the timers for what the dependency is responsible for. It is
// not responsible for time in our own queues, which only Total includes.
func (s *stream) Started(uint64, policy.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = s.arm(s.firstMessage, ErrFirstMessage)
	s.quiet = s.arm(s.idle, ErrIdle)
}

// arm ends the stream after d, if it is not 0.
func (s *stream) arm(d time.Duration, cause error) *time.Timer {
	if d == 0 {
		return nil
	}
	return time.AfterFunc(d, func() { s.cancel(cause) })
}

// Responded notes the first response message.
func (s *stream) Responded(uint64, policy.Instant, policy.Instant) { stop(s.first) }

// Message notes a message in either direction.
func (s *stream) Message(uint64, policy.Direction) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A timer that has fired has ended the stream and must not fire again.
	if !s.ended && s.quiet.Stop() {
		s.quiet.Reset(s.idle)
	}
	return nil
}

// Settle stops counting and releases the context.
func (s *stream) Settle(uint64, *policy.Outcome) {
	s.mu.Lock()
	s.ended = true
	stop(s.first)
	stop(s.quiet)
	stop(s.whole)
	s.mu.Unlock()
	s.cancel(nil)
}

// stop stops a timer that may be nil.
func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
