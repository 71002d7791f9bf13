package fault

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// injection is what was drawn for one call.
type injection struct {
	// cfg is the configuration under which it was drawn.
	cfg   *Config
	delay time.Duration
	abort codes.Code // OK: none
}

// empty reports whether the call is left alone.
func (in injection) empty() bool { return in.delay == 0 && in.abort == codes.OK }

// err returns the error of the abort.
func (in injection) err() error {
	s := status.New(in.abort, in.cfg.Message)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: string(policy.ReasonFaultInjected),
		Domain: policy.Domain,
	})
	if err != nil {
		return s.Err() // unreachable: the code is not OK and the strings are UTF-8
	}
	return detailed.Err()
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

// ended returns the error of a call whose ctx has ended: that of the policy further
// out that ended it, if one did, else gRPC's own.
func ended(ctx context.Context) error {
	if cause := policy.CauseOf(ctx); cause != nil {
		return cause
	}
	if policy.EndOf(ctx) == codes.DeadlineExceeded {
		return status.FromContextError(context.DeadlineExceeded).Err()
	}
	return status.FromContextError(context.Canceled).Err()
}
