package fault

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// hit is what the dice have for one call.
type hit struct {
	delay   time.Duration
	abort   codes.Code // OK: none
	message string
	// most is how many calls may be delayed at a time, 0 for any number.
	most int
}

func (h hit) nothing() bool { return h.delay == 0 && h.abort == codes.OK }

// throw throws the dice for a call, one die for each kind of fault.
func (f *Fault) throw(ctx context.Context, cfg *Config, call policy.Call) hit {
	asked := asked{delay: cfg.Delay, delayShare: cfg.DelayShare, abort: cfg.Abort, abortShare: cfg.AbortShare}
	if cfg.Headers {
		asked = askedBy(metadataOf(ctx, call), cfg)
	}
	h := hit{message: cfg.Message, most: cfg.MaxActive}
	if f.rand() < asked.delayShare {
		h.delay = asked.delay
	}
	if f.rand() < asked.abortShare {
		h.abort = asked.abort
	}
	return h
}

// inject does to a call what the dice have for it. Its error ends the call.
func (f *Fault) inject(ctx context.Context, h hit) error {
	if !f.enter(h.most) {
		return nil
	}
	defer f.active.Add(-1)
	if h.delay > 0 {
		f.delayed.Add(1)
		if err := wait(ctx, h.delay); err != nil {
			return err
		}
	}
	if h.abort == codes.OK {
		return nil
	}
	f.aborted.Add(1)
	return injected(h)
}

// enter counts a fault as active, unless there are as many as may be.
func (f *Fault) enter(most int) bool {
	if n := f.active.Add(1); most == 0 || n <= int64(most) {
		return true
	}
	f.active.Add(-1)
	return false
}

// wait blocks for d, or until ctx ends: that is then how the call ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// injected is the error of an abort.
func injected(h hit) error {
	s := status.New(h.abort, h.message)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: string(policy.ReasonFaultInjected),
		Domain: policy.Domain,
	})
	if err != nil {
		return s.Err() // unreachable: the code is not OK and the strings are UTF-8
	}
	return detailed.Err()
}
