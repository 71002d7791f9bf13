package fault

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// hit is the faults that were drawn for one call.
type hit struct {
	// cfg is the configuration that the dice were thrown under.
	cfg   *Config
	delay time.Duration
	abort codes.Code // OK: none
}

func (h hit) nothing() bool { return h.delay == 0 && h.abort == codes.OK }

// throw throws the dice for a call, one die for each kind of fault.
func (f *Fault) throw(ctx context.Context, cfg *Config, side policy.Side) hit {
	asked := asked{delay: cfg.Delay, delayShare: cfg.DelayShare, abort: cfg.Abort, abortShare: cfg.AbortShare}
	if cfg.Headers {
		asked = askedBy(ctx, side, cfg)
	}
	h := hit{cfg: cfg}
	if f.die(asked.delayShare) {
		h.delay = asked.delay
	}
	if f.die(asked.abortShare) {
		h.abort = asked.abort
	}
	return h
}

func (f *Fault) die(share float64) bool { return share > 0 && f.rand() < share }

// inject applies the faults that were drawn for a call. Its error ends the
// call.
func (f *Fault) inject(ctx context.Context, h hit) error {
	if !f.enter(h.cfg.MaxActive) {
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
	for {
		n := f.active.Load()
		if most > 0 && n >= int64(most) {
			return false
		}
		if f.active.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// wait blocks for d, or until ctx ends: that is then how the call ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// ended is the error of a call whose ctx has ended: that of the policy further
// out that ended it, if one did, else gRPC's own.
func ended(ctx context.Context) error {
	type statusError interface {
		error
		GRPCStatus() *status.Status
	}
	if cause, ok := errors.AsType[statusError](context.Cause(ctx)); ok && cause.GRPCStatus().Code() != codes.OK {
		return cause
	}
	return status.FromContextError(ctx.Err()).Err()
}

// injected is the error of an abort.
func injected(h hit) error {
	s := status.New(h.abort, h.cfg.Message)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: string(policy.ReasonFaultInjected),
		Domain: policy.Domain,
	})
	if err != nil {
		return s.Err() // unreachable: the code is not OK and the strings are UTF-8
	}
	return detailed.Err()
}
