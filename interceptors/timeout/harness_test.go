package timeout_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// method is what calls that go over no wire are made to.
const method = rpctest.BidiStream

func newTimeout(tb testing.TB, cfg timeout.Config) *timeout.Timeout {
	tb.Helper()
	p, err := timeout.New(cfg)
	if err != nil {
		tb.Fatalf("New(%+v) = %v", cfg, err)
	}
	return p
}

// acquire asks p about a call of the given kind, with ctx's own deadline.
func acquire(tb testing.TB, ctx context.Context, p policy.Policy, kind policy.Shape) asked { //nolint:revive // tb comes first
	tb.Helper()
	call := policy.Call{Method: method, Shape: kind}
	call.Deadline, _ = ctx.Deadline()
	permit, err := p.Acquire(ctx, &call)
	if err != nil {
		tb.Fatalf("Acquire = %v; a timeout never refuses", err)
	}
	return asked{permit, call.Context}
}

// asked is what a policy makes of a call.
type asked struct {
	policy.Permit

	Context context.Context
}

// wantExpired checks the error of a call that overstayed a limit, as its own
// caller sees it.
func wantExpired(tb testing.TB, err, limit error) {
	tb.Helper()
	if !errors.Is(err, limit) || !errors.Is(err, context.DeadlineExceeded) {
		tb.Errorf("err = %v; want %v", err, limit)
	}
	for _, other := range []error{timeout.ErrDefault, timeout.ErrMax, timeout.ErrFirstMessage, timeout.ErrIdle, timeout.ErrTotal} {
		if other != limit && errors.Is(err, other) { //nolint:errorlint // the very value
			tb.Errorf("err = %v; want it to be none but %v", err, limit)
		}
	}
	wantExpiredRemotely(tb, err)
	if got := policy.Classify(err); got != policy.Failure {
		tb.Errorf("the verdict is %v; want failure", got)
	}
	if policy.IsRejection(err) {
		tb.Error("the error is a rejection; a breaker would not count it")
	}
}

// wantExpiredRemotely checks what is left of that error across the wire.
func wantExpiredRemotely(tb testing.TB, err error) {
	tb.Helper()
	if got := status.Code(err); got != codes.DeadlineExceeded {
		tb.Errorf("code = %v; want DeadlineExceeded", got)
	}
	if got := policy.ReasonOf(status.Convert(err).Err()); got != policy.ReasonTimeout {
		tb.Errorf("reason = %q; want %q", got, policy.ReasonTimeout)
	}
}

// wantPlain checks an error that no timeout made.
func wantPlain(tb testing.TB, err error, code codes.Code) {
	tb.Helper()
	if got := status.Code(err); got != code {
		tb.Errorf("err = %v; want %v", err, code)
	}
	if got := policy.ReasonOf(err); got != "" {
		tb.Errorf("reason = %q; want gRPC's own error", got)
	}
}

// wantNothing checks the permit of a call that is left alone.
func wantNothing(tb testing.TB, permit asked) {
	tb.Helper()
	if permit != (asked{}) {
		tb.Fatalf("permit = %+v; want one that changes nothing", permit)
	}
}

func wantAfter(tb testing.TB, began time.Time, want time.Duration) {
	tb.Helper()
	if got := time.Since(began); got != want {
		tb.Errorf("over after %v; want %v", got, want)
	}
}
