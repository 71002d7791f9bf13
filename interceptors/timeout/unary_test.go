package timeout_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

func TestUnaryDeadline(t *testing.T) {
	t.Parallel()
	both := timeout.Config{Default: 2 * time.Second, Max: 3 * time.Second}
	tests := []struct {
		name string
		cfg  timeout.Config
		// own is what the caller gives the call. Zero: no deadline.
		own time.Duration
		// want is what the policy makes of it. Zero: it leaves the call alone.
		want time.Duration
	}{
		{"off", timeout.Config{}, 0, 0},
		{"off with a deadline", timeout.Config{}, time.Hour, 0},
		{"default", timeout.Config{Default: 2 * time.Second}, 0, 2 * time.Second},
		{"default of a call with a deadline", timeout.Config{Default: 2 * time.Second}, time.Hour, 0},
		{"ceiling", timeout.Config{Max: 3 * time.Second}, time.Hour, 3 * time.Second},
		{"ceiling of a call without deadline", timeout.Config{Max: 3 * time.Second}, 0, 3 * time.Second},
		{"under the ceiling", timeout.Config{Max: 3 * time.Second}, 3*time.Second - 1, 0},
		{"at the ceiling", timeout.Config{Max: 3 * time.Second}, 3 * time.Second, 0},
		{"above the ceiling", timeout.Config{Max: 3 * time.Second}, 3*time.Second + 1, 3 * time.Second},
		{"both, no deadline", both, 0, 2 * time.Second},
		{"both, between", both, 2500 * time.Millisecond, 0},
		{"both, above", both, 4 * time.Second, 3 * time.Second},
		{"bounds of streams", timeout.Config{FirstMessage: time.Second, Idle: time.Second, Total: time.Second}, 0, 0},
		{"passed already", both, -time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.own != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.own)
					defer cancel()
				}
				permit := acquire(t, ctx, newTimeout(t, tt.cfg), policy.Unary)
				if tt.want == 0 {
					wantNothing(t, permit)
					return
				}
				if permit.Context == nil {
					t.Fatalf("no deadline; want %v", tt.want)
				}
				if deadline, _ := permit.Context.Deadline(); time.Until(deadline) != tt.want {
					t.Errorf("the deadline is in %v; want %v", time.Until(deadline), tt.want)
				}
				permit.Settler.Settle(permit.Token, &policy.Outcome{})
				if err := permit.Context.Err(); !errors.Is(err, context.Canceled) {
					t.Errorf("once settled the context says %v; want it released", err)
				}
			})
		})
	}
}

// Over the wire a unary call ends to the nanosecond.
func TestUnaryEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var travelled atomic.Bool
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Default: time.Second})),
			Unary: func(ctx context.Context) error {
				_, ok := ctx.Deadline()
				travelled.Store(ok)
				<-ctx.Done()
				return ctx.Err()
			},
		}.Start(t)
		began := time.Now()
		err := rpctest.Invoke(t.Context(), cc)
		wantExpired(t, err, timeout.ErrDefault)
		wantAfter(t, began, time.Second)
		if !travelled.Load() {
			t.Error("the deadline did not travel to the server")
		}
	})
}

// On a server Max cuts a client's patience short.
func TestUnaryCeilingOnServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{
			Server: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Max: time.Second})),
			Unary: func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			},
		}.Start(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		wantExpiredRemotely(t, rpctest.Invoke(ctx, cc))
		wantAfter(t, began, time.Second)
	})
}

// A call that is answered in time is not touched.
func TestUnaryInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newTimeout(t, timeout.Config{Default: time.Second})
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, p), Server: rpctest.ChainOf(t, p),
			Unary: func(context.Context) error {
				time.Sleep(time.Second - 1)
				return nil
			},
		}.Start(t)
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Error(err)
		}
	})
}

// Functions under policy.Do are bounded as unary calls are.
func TestDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newTimeout(t, timeout.Config{Default: time.Second})
		began := time.Now()
		err := policy.Run(t.Context(), p, "query", func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		wantExpired(t, err, timeout.ErrDefault)
		wantAfter(t, began, time.Second)
	})
}

// What outlives the function, as the body of a response does, finds its context over.
func TestDoEndsTheContext(t *testing.T) {
	t.Parallel()
	p := newTimeout(t, timeout.Config{Default: time.Minute})
	within, err := policy.Do(t.Context(), p, "query", func(ctx context.Context) (context.Context, error) { return ctx, ctx.Err() })
	if err != nil || !errors.Is(within.Err(), context.Canceled) {
		t.Errorf("%v, the context after the call: %v; want it over", err, within.Err())
	}
}

// An update applies to calls that start later.
func TestUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newTimeout(t, timeout.Config{})
		for _, d := range []time.Duration{time.Minute, time.Second} {
			if err := p.Update(timeout.Config{Default: d, Total: d}); err != nil {
				t.Fatal(err)
			}
			unary, stream := acquire(t, t.Context(), p, policy.Unary), acquire(t, t.Context(), p, policy.BidiStream)
			if err := p.Update(timeout.Config{}); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			<-unary.Context.Done()
			<-stream.Context.Done()
			wantAfter(t, began, d)
			unary.Settler.Settle(unary.Token, &policy.Outcome{})
			stream.Settler.Settle(stream.Token, &policy.Outcome{})
		}
	})
}
