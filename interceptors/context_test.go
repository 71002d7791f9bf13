package interceptors_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

type contextKey struct{}

// meddler is a policy that does what a permit allows: it replaces the context,
// ends it with a cause, counts messages and ends the stream at one.
type meddler struct {
	after  time.Duration // ends the call with cause, if not 0
	cause  error
	endsAt int64 // the message that ends the stream, if not 0
	wants  policy.Wants

	cancel              context.CancelCauseFunc
	messages, responses atomic.Int64
	outcome             atomic.Pointer[policy.Outcome]
}

func (m *meddler) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	call.Context, m.cancel = context.WithCancelCause(context.WithValue(ctx, contextKey{}, "from the policy"))
	if m.after > 0 {
		time.AfterFunc(m.after, func() { m.cancel(m.cause) })
	}
	return policy.Permit{
		Settler: m,
		Wants:   m.wants | policy.WantsMessages | policy.WantsResponse | policy.WantsStart | policy.WantsEnd,
	}, nil
}

func (m *meddler) Message(uint64, policy.Direction) error {
	if m.messages.Add(1) == m.endsAt {
		return m.cause
	}
	return nil
}

func (m *meddler) Responded(uint64, policy.Instant, policy.Instant) { m.responses.Add(1) }

func (m *meddler) Settle(_ uint64, o *policy.Outcome) {
	m.outcome.Store(new(*o))
	m.cancel(nil)
}

var errEnded = status.Error(codes.OutOfRange, "ended by a policy")

// A policy that cancels the context it gave, with a status as the cause, ends
// the stream with that status.
func TestPolicyEndsStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &meddler{after: time.Second, cause: errEnded}
		cc := rpctest.Rig{Stream: hold, Client: rpctest.ChainOf(t, m)}.Start(t)
		begin := time.Now()
		err := open(t.Context(), t, cc, rpctest.BidiStream).RecvMsg(rpctest.Message())
		if err != errEnded || time.Since(begin) != time.Second { //nolint:errorlint // the very value
			t.Errorf("error = %v after %v; want the policy's after 1s", err, time.Since(begin))
		}
		synctest.Wait()
		if o := m.outcome.Load(); o == nil || o.Err != errEnded { //nolint:errorlint // the very value
			t.Errorf("outcome = %+v", o)
		}
	})
}

// The caller's own cancel is the caller's, whatever policies do.
func TestCallersCancelStaysCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &meddler{after: time.Minute, cause: errEnded}
		cc := rpctest.Rig{Stream: hold, Client: rpctest.ChainOf(t, m)}.Start(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		s := open(ctx, t, cc, rpctest.BidiStream)
		cancel(errEnded)
		if err := s.RecvMsg(rpctest.Message()); status.Code(err) != codes.Canceled {
			t.Errorf("error = %v; want CANCELLED", err)
		}
		time.Sleep(time.Hour)
	})
}

func TestMessagesAreCountedAndMayEndTheStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &meddler{cause: errEnded, endsAt: 4}
		cc := rpctest.Rig{Client: rpctest.ChainOf(t, m)}.Start(t)
		s := open(t.Context(), t, cc, rpctest.BidiStream)
		for i, step := range []struct {
			do   func(any) error
			want error
		}{{s.SendMsg, nil}, {s.RecvMsg, nil}, {s.SendMsg, nil}, {s.RecvMsg, errEnded}} {
			if err := step.do(rpctest.Message()); err != step.want { //nolint:errorlint // the very value
				t.Fatalf("message %d: error = %v; want %v", i+1, err, step.want)
			}
		}
		if err := s.RecvMsg(rpctest.Message()); err != errEnded { //nolint:errorlint // the very value
			t.Errorf("after the end: error = %v; want the policy's", err)
		}
		synctest.Wait()
		if got := m.responses.Load(); got != 1 {
			t.Errorf("told of the first response %d times; want once", got)
		}
		if o := m.outcome.Load(); o == nil || o.Err != errEnded || o.Responded == 0 || o.End < o.Responded { //nolint:errorlint // the very value
			t.Errorf("outcome = %+v", o)
		}
	})
}

// On a server the same policy ends the handler's stream, and the client gets
// its error whatever the handler returns.
func TestPolicyEndsServerStream(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		m       *meddler
		handler func(grpc.ServerStream) error
	}{
		{"at a message", &meddler{cause: errEnded, endsAt: 2}, func(s grpc.ServerStream) error { _ = rpctest.Echo(s); return nil }},
		{"by its context", &meddler{after: time.Second, cause: errEnded}, hold},
		{
			"while receiving", &meddler{after: time.Second, cause: errEnded, wants: policy.WantsInterrupt},
			func(s grpc.ServerStream) error {
				err := s.RecvMsg(rpctest.Message())
				if err == nil {
					err = s.RecvMsg(rpctest.Message())
				}
				_ = s.RecvMsg(rpctest.Message()) // one that was left behind must not be joined by another
				return err
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cc := rpctest.Rig{Stream: tt.handler, Server: rpctest.ChainOf(t, tt.m)}.Start(t)
				s := open(t.Context(), t, cc, rpctest.BidiStream)
				_ = s.SendMsg(rpctest.Message())
				if err := toEnd(s); status.Code(err) != codes.OutOfRange {
					t.Errorf("error = %v; want the policy's", err)
				}
			})
		})
	}
}

// The context of a policy reaches the handler, on both kinds of call.
func TestContextReachesHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		look := func(ctx context.Context) {
			if ctx.Value(contextKey{}) == "from the policy" {
				seen++
			}
		}
		cc := rpctest.Rig{
			Unary:  func(ctx context.Context) error { look(ctx); return nil },
			Stream: func(s grpc.ServerStream) error { look(s.Context()); return nil },
			Server: rpctest.ChainOf(t, &meddler{}),
		}.Start(t)
		_ = rpctest.Invoke(t.Context(), cc)
		_ = toEnd(open(t.Context(), t, cc, rpctest.ServerStream))
		if seen != 2 {
			t.Errorf("%d of 2 handlers saw the policy's context", seen)
		}
	})
}
