package fault

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// stream is the settler of a stream that gets its fault after some messages.
type stream struct {
	fault     *Fault
	injection injection
	// ctx ends with the stream, for errSettled if nothing else ended it first.
	ctx context.Context //nolint:containedctx // the stream's own, for as long as it lives
	end context.CancelCauseFunc
	// left counts down to the message at which the fault comes.
	left atomic.Int64
}

var errSettled = errors.New("fault: the stream is settled")

// newStream returns the permit of a stream that gets its fault after some messages.
func newStream(ctx context.Context, f *Fault, in injection) policy.Permit {
	s := &stream{fault: f, injection: in}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.left.Store(int64(in.cfg.AfterMessages) + 1)
	return policy.Permit{Settler: s, Wants: policy.WantsMessages}
}

// Message lets the first messages go by and injects the fault at the next one.
func (s *stream) Message(uint64, policy.Direction) error {
	if s.left.Add(-1) != 0 || s.disarmed() {
		return nil
	}
	err := s.fault.inject(s.ctx, s.injection)
	if errors.Is(context.Cause(s.ctx), errSettled) {
		err = nil // the stream has its outcome already
	}
	return err
}

// disarmed reports whether the stream has ended or the fault was changed in the
// meantime.
func (s *stream) disarmed() bool {
	return s.ctx.Err() != nil || s.fault.config.Load() != s.injection.cfg
}

// Settle ends a delay under way: nobody waits for its message any more.
func (s *stream) Settle(uint64, *policy.Outcome) { s.end(errSettled) }
