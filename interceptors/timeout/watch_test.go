package timeout_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// slow is a policy that admits a call after a while, unless its context ends.
type slow time.Duration

func (s slow) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	began := policy.Now()
	timer := time.NewTimer(time.Duration(s))
	defer timer.Stop()
	select {
	case <-timer.C:
		call.Blocked(began)
		return policy.Permit{}, nil
	case <-ctx.Done():
		return policy.Permit{}, context.Cause(ctx)
	}
}

// admit starts a stream under a chain and returns what it is to run in.
func admit(t *testing.T, c *policy.Chain, a *policy.Admission) (context.Context, error) {
	t.Helper()
	a.Call = policy.Call{Method: method, Shape: policy.BidiStream}
	return c.Admit(t.Context(), a)
}

func mustAdmit(t *testing.T, cfg timeout.Config, a *policy.Admission) context.Context {
	t.Helper()
	ctx, err := admit(t, rpctest.ChainOf(t, newTimeout(t, cfg)), a)
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// Time in our own queues is not the dependency's, but it is the stream's.
func TestQueueing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		cfg   timeout.Config
		queue time.Duration
		want  error
		after time.Duration
		// queued says that the stream never got through the queue.
		queued bool
	}{
		{"first message", timeout.Config{FirstMessage: time.Second}, time.Minute, timeout.ErrFirstMessage, time.Minute + time.Second, false},
		{"idle", timeout.Config{Idle: time.Second}, time.Minute, timeout.ErrIdle, time.Minute + time.Second, false},
		{"total", timeout.Config{Total: time.Second}, 400 * time.Millisecond, timeout.ErrTotal, time.Second, false},
		{"total, still queued", timeout.Config{Total: time.Second}, time.Minute, timeout.ErrTotal, time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var a policy.Admission
				ctx, err := admit(t, rpctest.ChainOf(t, newTimeout(t, tt.cfg), slow(tt.queue)), &a)
				if tt.queued {
					wantExpired(t, err, tt.want)
				} else {
					<-ctx.Done()
					wantExpired(t, context.Cause(ctx), tt.want)
				}
				wantAfter(t, began, tt.after)
				a.Settle(context.Cause(ctx))
			})
		})
	}
}

// Once a stream is settled its context is free, and nothing changes it any more:
// no timer, and no hook that comes late.
func TestLateHooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = time.Second
		var a policy.Admission
		ctx := mustAdmit(t, timeout.Config{FirstMessage: limit, Idle: limit, Total: limit}, &a)
		tell := a.Respond()
		a.Settle(nil)
		check := func(when string) {
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
				t.Errorf("%s the cause is %v; want a plain cancel", when, cause)
			}
		}
		check("once settled")
		tell()
		if err := a.Message(policy.Received); err != nil {
			t.Errorf("a late message ends in %v", err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		check("when all limits have passed")
	})
}

// A permit that is given back before its call started leaves nothing behind.
func TestRefusedFurtherIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refusal := errors.New("refused")
		inner := refusing{refusal}
		var seen context.Context
		inner2 := peeking{&seen}
		var a policy.Admission
		limits := timeout.Config{FirstMessage: time.Second, Idle: time.Second, Total: time.Second}
		if _, err := admit(t, rpctest.ChainOf(t, newTimeout(t, limits), inner2, inner), &a); !errors.Is(err, refusal) {
			t.Fatalf("err = %v; want %v", err, refusal)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if cause := context.Cause(seen); !errors.Is(cause, context.Canceled) {
			t.Errorf("the cause is %v; want a plain cancel", cause)
		}
	})
}

type refusing struct{ err error }

func (r refusing) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, r.err
}

// peeking notes the context that policies further out made.
type peeking struct{ ctx *context.Context }

func (p peeking) Acquire(ctx context.Context, _ *policy.Call) (policy.Permit, error) {
	*p.ctx = ctx
	return policy.Permit{}, nil
}

// Hooks may come from everywhere, at the very moment the limits pass and the
// stream ends. Run with -race.
func TestHooksAtOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			const limit = time.Second
			var a policy.Admission
			ctx := mustAdmit(t, timeout.Config{FirstMessage: limit, Idle: limit, Total: limit}, &a)
			tell := a.Respond()
			var wg sync.WaitGroup
			at := func(d time.Duration, f func()) {
				wg.Go(func() {
					time.Sleep(d)
					f()
				})
			}
			for _, d := range []policy.Direction{policy.Sent, policy.Received} {
				at(limit, func() { _ = a.Message(d) }) // never an error, as tested above
			}
			at(limit, tell)
			at(limit, func() { a.Settle(nil) })
			wg.Wait()
			time.Sleep(time.Minute)
			if ctx.Err() == nil {
				t.Error("the context of a stream that ended is not released")
			}
		})
	}
}
