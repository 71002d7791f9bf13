package policy_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

var (
	errTime = status.Error(codes.DeadlineExceeded, "lived for too long")
	errSick = status.Error(codes.Unavailable, "ended for another's sake")
)

// after returns a context that a policy cancels with cause after a second.
func after(cause error) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(time.Second, func() { cancel(cause) })
		return ctx, func() { cancel(nil) }
	}
}

// endings are ways for a context to end after a second.
var endings = []struct {
	name   string
	derive func(context.Context) (context.Context, context.CancelFunc)
	// code is who ended the context, cause the status of the policy that did.
	code  codes.Code
	cause error
}{
	{"cancelled", after(nil), codes.Canceled, nil},
	{"cancelled for a reason of the caller", after(errPlain), codes.Canceled, nil},
	{"its deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Second)
	}, codes.DeadlineExceeded, nil},
	{"its parent's deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, stop := context.WithTimeout(ctx, time.Second)
		ctx, cancel := context.WithCancelCause(ctx)
		return ctx, func() { cancel(nil); stop() }
	}, codes.DeadlineExceeded, nil},
	{"its deadline, with a cause", func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, time.Second, errPlain)
	}, codes.DeadlineExceeded, nil},
	{"cancelled because of a deadline", after(context.DeadlineExceeded), codes.DeadlineExceeded, nil},
	{"by a policy, for time", after(errTime), codes.DeadlineExceeded, errTime},
	{"by a policy, for time, wrapped", after(fmt.Errorf("ended: %w", errTime)), codes.DeadlineExceeded, errTime},
	{"by a policy, for another reason", after(errSick), codes.Canceled, errSick},
}

// Who ended a context is the same for all that ask: a refusal has the code, and what
// ends a running call is the status of the policy that ended it, if one did.
func TestWhoEndedTheContext(t *testing.T) {
	t.Parallel()
	for _, tt := range endings {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := tt.derive(t.Context())
				defer stop()
				wantEnd(t, ctx, codes.OK, nil)
				delayed := make(chan error, 1)
				go func() { delayed <- askFault(ctx) }()
				<-ctx.Done()
				wantEnd(t, ctx, tt.code, tt.cause)
				wantErr(t, "a bulkhead's refusal", askBulkhead(ctx), tt.code, nil)
				wantErr(t, "a rate limit's refusal", askLimiter(ctx), tt.code, nil)
				wantErr(t, "a delayed call", <-delayed, tt.code, tt.cause)
				wantErr(t, "a call delayed too late", askFault(ctx), tt.code, tt.cause)
			})
		})
	}
}

// A stream under a context that a policy gave it ends by the same rule.
func TestWhoEndedTheStream(t *testing.T) {
	t.Parallel()
	for _, tt := range endings {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cc := rpctest.Rig{
					Client: rpctest.ChainOf(t, deriving(tt.derive)),
					Stream: func(s grpc.ServerStream) error {
						<-s.Context().Done()
						return status.FromContextError(s.Context().Err()).Err() // its deadline is also the server's
					},
				}.Start(t)
				err := rpctest.Open(t.Context(), t, cc, rpctest.BidiStream).RecvMsg(rpctest.Message())
				wantErr(t, "the stream's", err, tt.code, tt.cause)
			})
		})
	}
}

// So do a unary call and a function.
func TestWhoEndedTheCall(t *testing.T) {
	t.Parallel()
	untilEnd := func(ctx context.Context) error {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	for _, tt := range endings {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := rpctest.Rig{Client: rpctest.ChainOf(t, deriving(tt.derive)), Unary: untilEnd}.Start(t)
				wantErr(t, "the client's", rpctest.Invoke(t.Context(), client), tt.code, tt.cause)
				server := rpctest.Rig{Server: rpctest.ChainOf(t, deriving(tt.derive)), Unary: untilEnd}.Start(t)
				code := tt.code
				if tt.cause != nil {
					code = status.Code(tt.cause)
				}
				wantErr(t, "the server's", rpctest.Invoke(t.Context(), server), code, nil)
				wantErr(t, "the function's", policy.Run(t.Context(), deriving(tt.derive), "query", untilEnd), tt.code, tt.cause)
			})
		})
	}
}

// A context whose time is up may be about to end: its timer is late. One that never ends
// is not waited for, nor is the caller's own.
func TestLateTimer(t *testing.T) {
	t.Parallel()
	late := status.Error(codes.DeadlineExceeded, "stream terminated by RST_STREAM with error code: CANCEL")
	for _, tt := range []struct {
		name          string
		after, waited time.Duration
		caller        bool // its own deadline is the same
		want          error
	}{
		{"late", time.Millisecond, time.Millisecond, false, errTime},
		{"never", time.Hour, 10 * time.Millisecond, false, nil},
		{"the caller's", time.Millisecond, 0, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				caller := t.Context()
				ctx, cancel := context.WithCancelCause(caller)
				defer cancel(nil)
				overdue := overdueContext{ctx, time.Now()}
				if tt.caller {
					caller = overdue
				}
				time.AfterFunc(tt.after, func() { cancel(errTime) })
				began := time.Now()
				err := policy.Attribute(caller, overdue, late)
				if !errors.Is(err, late) || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && err != late { //nolint:errorlint // the very value
					t.Errorf("err = %v; want %v", err, tt.want)
				}
				if waited := time.Since(began); waited != tt.waited {
					t.Errorf("it took %v; want %v", waited, tt.waited)
				}
			})
		})
	}
}

// overdueContext has a deadline that does not end it.
type overdueContext struct {
	context.Context

	deadline time.Time
}

func (o overdueContext) Deadline() (time.Time, bool) { return o.deadline, true }

// deriving is a policy that gives calls a context of its own.
type deriving func(context.Context) (context.Context, context.CancelFunc)

func (d deriving) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	ctx, stop := d(ctx)
	call.Context = ctx
	return policy.Permit{Settler: released(stop)}, nil
}

type released context.CancelFunc

func (r released) Settle(uint64, *policy.Outcome) { r() }

func wantEnd(t *testing.T, ctx context.Context, code codes.Code, cause error) { //nolint:revive // t comes first
	t.Helper()
	if got := policy.EndOf(ctx); got != code {
		t.Errorf("EndOf = %v; want %v", got, code)
	}
	if got := policy.CauseOf(ctx); got != cause { //nolint:errorlint // the very value
		t.Errorf("CauseOf = %v; want %v", got, cause)
	}
}

// wantErr wants the very error cause or, if that is nil, a status with the code.
func wantErr(t *testing.T, whose string, err error, code codes.Code, cause error) {
	t.Helper()
	if cause != nil && !errors.Is(err, cause) || cause == nil && status.Code(err) != code {
		t.Errorf("%s error = %v; want %v, or else one with the code %v", whose, err, cause, code)
	}
}

func askBulkhead(ctx context.Context) error {
	b, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1})
	if err != nil {
		return err
	}
	_, err = b.Acquire(ctx, new(policy.Call))
	return err
}

func askLimiter(ctx context.Context) error {
	l, err := ratelimit.New(ratelimit.Config{PerSecond: 1})
	if err != nil {
		return err
	}
	_, err = l.Acquire(ctx, new(policy.Call))
	return err
}

func askFault(ctx context.Context) error {
	f, err := fault.New(fault.Config{Delay: time.Hour, DelayShare: 1})
	if err != nil {
		return err
	}
	_, err = f.Acquire(ctx, new(policy.Call))
	return err
}
