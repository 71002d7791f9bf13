package timeout_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// hang is a server that says nothing until its client has gone.
func hang(s grpc.ServerStream) error {
	<-s.Context().Done()
	return s.Context().Err()
}

// answerThen sends one message, then hangs.
func answerThen(s grpc.ServerStream) error {
	if err := s.SendMsg(rpctest.Message()); err != nil {
		return err
	}
	return hang(s)
}

// tick sends so many messages, each after a pause, then ends the stream.
func tick(n int, pause time.Duration) func(grpc.ServerStream) error {
	return func(s grpc.ServerStream) error {
		for range n {
			time.Sleep(pause)
			if err := s.SendMsg(rpctest.Message()); err != nil {
				return err
			}
		}
		return nil
	}
}

// drain reads a stream to its end.
func drain(s grpc.ClientStream) error {
	for {
		if err := s.RecvMsg(rpctest.Message()); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// What ends a client's stream, and when, to the nanosecond.
func TestClientStreams(t *testing.T) {
	t.Parallel()
	const first, idle, total = 2 * time.Second, 3 * time.Second, 5 * time.Second
	tests := []struct {
		name   string
		cfg    timeout.Config
		kind   string
		server func(grpc.ServerStream) error
		// want is the limit that ends the stream. Nil: none does.
		want  error
		after time.Duration
	}{
		{"first message, hanging", timeout.Config{FirstMessage: first}, rpctest.BidiStream, hang, timeout.ErrFirstMessage, first},
		{"first message of a server stream", timeout.Config{FirstMessage: first}, rpctest.ServerStream, hang, timeout.ErrFirstMessage, first},
		{"a client stream has no first message", timeout.Config{FirstMessage: first, Idle: idle}, rpctest.ClientStream, hang, timeout.ErrIdle, idle},
		{"first message just in time", timeout.Config{FirstMessage: first}, rpctest.BidiStream, tick(1, first-1), nil, first - 1},
		{"first message came, then nothing", timeout.Config{FirstMessage: first, Idle: idle}, rpctest.BidiStream, answerThen, timeout.ErrIdle, idle},
		{"later messages may be late", timeout.Config{FirstMessage: first}, rpctest.BidiStream, func(s grpc.ServerStream) error {
			return errors.Join(tick(1, 1)(s), tick(3, time.Minute)(s))
		}, nil, 3*time.Minute + 1},
		{"idle, hanging", timeout.Config{Idle: idle}, rpctest.ServerStream, hang, timeout.ErrIdle, idle},
		{"idle, kept alive", timeout.Config{Idle: idle}, rpctest.BidiStream, tick(100, idle-1), nil, 100 * (idle - 1)},
		{"idle, in the end", timeout.Config{Idle: idle}, rpctest.BidiStream, func(s grpc.ServerStream) error {
			return errors.Join(tick(10, idle-1)(s), hang(s))
		}, timeout.ErrIdle, 10*(idle-1) + idle},
		{"total, hanging", timeout.Config{Total: total}, rpctest.BidiStream, hang, timeout.ErrTotal, total},
		{"total, busy", timeout.Config{Total: total, Idle: idle}, rpctest.BidiStream, tick(100, time.Second-1), timeout.ErrTotal, total},
		{"total, in time", timeout.Config{Total: total}, rpctest.BidiStream, tick(5, time.Second-1), nil, 5 * (time.Second - 1)},
		{"all, the first of them", timeout.Config{FirstMessage: first, Idle: idle, Total: total}, rpctest.BidiStream, hang, timeout.ErrFirstMessage, first},
		{"bounds of unary calls", timeout.Config{Default: first, Max: first}, rpctest.BidiStream, tick(1, time.Minute), nil, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spy := new(policytest.Spy)
				cc := rpctest.Rig{
					Client: rpctest.ChainOf(t, spy, newTimeout(t, tt.cfg)),
					Stream: tt.server,
				}.Start(t)
				began := time.Now()
				err := drain(rpctest.Open(t.Context(), t, cc, tt.kind))
				wantAfter(t, began, tt.after)
				synctest.Wait()
				verdict := policy.Success
				if tt.want != nil {
					wantExpired(t, err, tt.want)
					verdict = policy.Failure
				} else if err != nil {
					t.Errorf("err = %v; want none", err)
				}
				if s := spy.Settled(); len(s) != 1 || s[0].Verdict != verdict {
					t.Errorf("settled as %+v; want one %v", s, verdict)
				}
			})
		})
	}
}

// Messages of the client keep a stream alive as well.
func TestClientMessagesKeepStreamAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const idle = time.Second
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Idle: idle})),
			Stream: hang,
		}.Start(t)
		began := time.Now()
		s := rpctest.Open(t.Context(), t, cc, rpctest.ClientStream)
		for range 10 {
			time.Sleep(idle - 1)
			if err := s.SendMsg(rpctest.Message()); err != nil {
				t.Fatal(err)
			}
		}
		wantExpired(t, s.RecvMsg(rpctest.Message()), timeout.ErrIdle)
		wantAfter(t, began, 10*(idle-1)+idle)
		// The error stays the same, whoever asks.
		wantExpired(t, s.RecvMsg(rpctest.Message()), timeout.ErrIdle)
	})
}

// A stream that nobody reads is ended and settled all the same.
func TestStreamThatNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spy := new(policytest.Spy)
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, spy, newTimeout(t, timeout.Config{Total: time.Second})),
			Stream: hang,
		}.Start(t)
		rpctest.Open(t.Context(), t, cc, rpctest.BidiStream)
		time.Sleep(time.Second)
		synctest.Wait()
		settled := spy.Settled()
		if len(settled) != 1 {
			t.Fatalf("settled %d times; want once", len(settled))
		}
		wantExpired(t, settled[0].Err, timeout.ErrTotal)
	})
}

// The caller's earlier deadline, and its cancellation, stay what they are.
func TestCallersOwnEnd(t *testing.T) {
	t.Parallel()
	all := timeout.Config{FirstMessage: time.Minute, Idle: time.Minute, Total: time.Minute}
	tests := []struct {
		name string
		// derive is what the caller does.
		derive func(context.Context) (context.Context, context.CancelFunc)
		want   codes.Code
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, codes.DeadlineExceeded},
		{"deadline at the limit", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, codes.DeadlineExceeded},
		{"cancellation", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, codes.Canceled},
		{"cancellation with a deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, codes.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cc := rpctest.Rig{Client: rpctest.ChainOf(t, newTimeout(t, all)), Stream: hang}.Start(t)
				ctx, cancel := tt.derive(t.Context())
				defer cancel()
				s := rpctest.Open(ctx, t, cc, rpctest.BidiStream)
				wantPlain(t, drain(s), tt.want)
				time.Sleep(time.Hour)
				wantPlain(t, drain(s), tt.want)
			})
		})
	}
}

// Which limits are left of a stream with a deadline of its own.
func TestStreamDeadline(t *testing.T) {
	t.Parallel()
	const first, idle, total = 2 * time.Second, 3 * time.Second, 5 * time.Second
	all := timeout.Config{FirstMessage: first, Idle: idle, Total: total}
	const started = policy.WantsStart
	tests := []struct {
		name string
		side policy.Side
		own  time.Duration
		want policy.Wants
		// none says that the policy leaves the call alone.
		none bool
	}{
		{"before all", policy.Client, first, 0, true},
		{"before all, on a server", policy.Server, first, 0, true},
		{"after the first message", policy.Client, first + 1, started | policy.WantsResponse | policy.WantsMessages, false},
		{"after idle", policy.Client, idle + 1, started | policy.WantsResponse | policy.WantsMessages, false},
		{"after all", policy.Client, total + 1, started | policy.WantsResponse | policy.WantsMessages, false},
		{"on a server", policy.Server, first + 1, started | policy.WantsResponse | policy.WantsInterrupt, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.own)
				defer cancel()
				call := policy.Call{Shape: policy.BidiStream, Side: tt.side}
				permit, err := newTimeout(t, all).Acquire(ctx, &call)
				if err != nil {
					t.Fatal(err)
				}
				if tt.none {
					wantNothing(t, asked{Permit: permit})
					return
				}
				if permit.Wants != tt.want {
					t.Errorf("permit = %+v; want it to want %b", permit, tt.want)
				}
				permit.Settler.Settle(permit.Token, &policy.Outcome{})
			})
		})
	}
}

// A stream that is unary in shape is bounded as a unary call is.
func TestUnaryShapedStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Default: time.Second, Total: time.Minute})),
			Stream: hang,
		}.Start(t)
		began := time.Now()
		s, err := cc.NewStream(t.Context(), &grpc.StreamDesc{}, method)
		if err != nil {
			t.Fatal(err)
		}
		wantExpired(t, s.RecvMsg(rpctest.Message()), timeout.ErrDefault)
		wantAfter(t, began, time.Second)
	})
}
