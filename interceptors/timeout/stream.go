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
func boundsOf(ctx context.Context, cfg Config, call *policy.Call) bounds {
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

// wants returns what the clocks of a stream with these bounds need.
func (b bounds) wants(side policy.Side) (w policy.Wants) {
	if b.firstMessage > 0 {
		w |= policy.WantsStart | policy.WantsResponse
	}
	if b.idle > 0 || b.firstMessage > 0 && side == policy.Client {
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
	side   policy.Side
	cancel context.CancelCauseFunc

	mu                  sync.Mutex // guards what follows
	first, quiet, whole clock
	waits               [policy.Received + 1]int // of the stream's user for its peer, in each direction
}

// newStream returns the permit of a stream, empty if nothing bounds it.
func newStream(ctx context.Context, l *limits, call *policy.Call) policy.Permit {
	b := boundsOf(ctx, l.Config, call)
	if b == (bounds{}) {
		return policy.Permit{}
	}
	s := &stream{side: call.Side}
	call.Context, s.cancel = context.WithCancelCause(ctx)
	s.first = clock{left: b.firstMessage, up: func() { s.cancel(l.overFirstMessage) }}
	s.quiet = clock{left: b.idle, up: func() { s.cancel(l.overIdle) }, full: b.idle}
	s.whole = clock{left: b.total, up: func() { s.cancel(l.overTotal) }}
	s.whole.run()
	return policy.Permit{Settler: s, Wants: b.wants(call.Side)}
}

// Started starts the clock of the first message on a server, where all the time until
// then is the handler's. On a client it runs while the client waits for it.
func (s *stream) Started(uint64, policy.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.side == policy.Server {
		s.first.run()
	}
}

// Responded notes the first response message.
func (s *stream) Responded(uint64, policy.Instant, policy.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first.end()
}

// Waiting starts the clocks of what the stream's user waits for, and stops them when it
// has gone back to work: that time is its own.
func (s *stream) Waiting(_ uint64, d policy.Direction, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if waits {
		s.waits[d]++
	} else {
		s.waits[d]--
	}
	if s.side == policy.Client {
		s.first.runIf(s.waits[policy.Received] > 0)
	}
	s.quiet.runIf(s.waits[policy.Sent]+s.waits[policy.Received] > 0)
}

// Message notes a message in either direction.
func (s *stream) Message(uint64, policy.Direction) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet.again()
	return nil
}

// Settle stops counting and releases the context.
func (s *stream) Settle(uint64, *policy.Outcome) {
	s.mu.Lock()
	s.first.end()
	s.quiet.end()
	s.whole.end()
	s.mu.Unlock()
	s.cancel(nil)
}
