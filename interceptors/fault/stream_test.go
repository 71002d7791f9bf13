package fault_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

// send sends so many messages.
func send(n int) func(grpc.ServerStream) error {
	return func(s grpc.ServerStream) error {
		for range n {
			if err := s.SendMsg(rpctest.Message()); err != nil {
				return err
			}
		}
		return nil
	}
}

// receive counts the messages of a stream up to its end.
func receive(s grpc.ClientStream) (n int, err error) {
	for {
		switch err := s.RecvMsg(rpctest.Message()); {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
		n++
	}
}

// on puts a fault on one side of a rig.
func on(t *testing.T, side policy.Side, r rpctest.Rig, policies ...policy.Policy) rpctest.Rig {
	t.Helper()
	if side == policy.Server {
		r.Server = rpctest.ChainOf(t, policies...)
	} else {
		r.Client = rpctest.ChainOf(t, policies...)
	}
	return r
}

func bothSides(t *testing.T, test func(t *testing.T, side policy.Side)) {
	t.Helper()
	for _, side := range []policy.Side{policy.Client, policy.Server} {
		t.Run(side.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, side) })
		})
	}
}

// A fault comes before any traffic: the handler is not reached.
func TestBeforeTraffic(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		var reached atomic.Int64
		cc := on(t, side, rpctest.Rig{
			Unary: func(context.Context) error { reached.Add(1); return nil },
			Stream: func(s grpc.ServerStream) error {
				reached.Add(1)
				return rpctest.Echo(s)
			},
		}, newFault(t, always(time.Second, codes.Unavailable))).Start(t)
		began := time.Now()
		wantInjected(t, rpctest.Invoke(t.Context(), cc), codes.Unavailable)
		wantAfter(t, began, time.Second)
		s, err := cc.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, rpctest.ServerStream)
		if err == nil {
			_, err = receive(s)
		}
		wantInjected(t, err, codes.Unavailable)
		wantAfter(t, began, 2*time.Second)
		if n := reached.Load(); n != 0 {
			t.Errorf("the handler ran %d times; want never", n)
		}
	})
}

// A fault that only delays lets the call through afterwards.
func TestDelayOnly(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		f := newFault(t, fault.Config{Delay: time.Second, DelayShare: 1})
		cc := on(t, side, rpctest.Rig{Unary: func(context.Context) error { return nil }, Stream: send(3)}, f).Start(t)
		began := time.Now()
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Error(err)
		}
		wantAfter(t, began, time.Second)
		n, err := receive(rpctest.Open(t.Context(), t, cc, rpctest.ServerStream))
		if n != 3 || err != nil {
			t.Errorf("%d messages, then %v; want 3", n, err)
		}
		wantAfter(t, began, 2*time.Second)
	})
}

// After so many messages, counted in both directions, a stream fails.
func TestAbortAfterMessages(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		cfg := always(0, codes.Aborted)
		cfg.AfterMessages = 5
		f := newFault(t, cfg)
		cc := on(t, side, rpctest.Rig{Stream: rpctest.Echo, Unary: func(context.Context) error { return nil }}, f).Start(t)
		s := rpctest.Open(t.Context(), t, cc, rpctest.BidiStream)
		var err error
		exchanged := 0
		for err == nil {
			if err = s.SendMsg(rpctest.Message()); err == nil {
				if err = s.RecvMsg(rpctest.Message()); err == nil {
					exchanged++
				}
			}
		}
		if errors.Is(err, io.EOF) { // the stream is over; RecvMsg tells why
			err = s.RecvMsg(rpctest.Message())
		}
		wantInjected(t, err, codes.Aborted)
		// Five messages pass. The sixth, the third answer, is hit: where it is
		// received, the caller does not get it; where it is sent, it is out.
		want := 2
		if side == policy.Server {
			want = 3
		}
		if exchanged != want {
			t.Errorf("%d exchanges before the fault; want %d", exchanged, want)
		}
		wantCounts(t, f, fault.Snapshot{Aborted: 1})
		// A unary call has nowhere else to have its fault but before it.
		wantInjected(t, rpctest.Invoke(t.Context(), cc), codes.Aborted)
	})
}

// Exactly so many messages pass; a stream that has no more has no fault.
func TestAfterMessagesPass(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		cfg := always(0, codes.Aborted)
		cfg.AfterMessages = 3
		for messages, want := range map[int]codes.Code{2: codes.OK, 3: codes.OK, 4: codes.Aborted} {
			cc := on(t, side, rpctest.Rig{Stream: send(messages)}, newFault(t, cfg)).Start(t)
			n, err := receive(rpctest.Open(t.Context(), t, cc, rpctest.ServerStream))
			if status.Code(err) != want {
				t.Errorf("with %d messages: err = %v; want %v", messages, err, want)
			}
			if side == policy.Client && n != min(messages, 3) {
				t.Errorf("%d of %d messages came; want %d", n, messages, min(messages, 3))
			}
		}
	})
}

// A delay after so many messages holds up the next one, and only that.
func TestDelayAfterMessages(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		f := newFault(t, fault.Config{Delay: time.Minute, DelayShare: 1, AfterMessages: 2})
		cc := on(t, side, rpctest.Rig{Stream: send(5)}, f).Start(t)
		began := time.Now()
		n, err := receive(rpctest.Open(t.Context(), t, cc, rpctest.ServerStream))
		if n != 5 || err != nil {
			t.Errorf("%d messages, then %v; want 5", n, err)
		}
		wantAfter(t, began, time.Minute)
		wantCounts(t, f, fault.Snapshot{Delayed: 1})
	})
}

// A stream whose message is held up ends with its context.
func TestHangAfterMessages(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		cfg := hanging()
		cfg.AfterMessages = 1
		spy := new(policytest.Spy)
		f := newFault(t, cfg)
		cc := on(t, side, rpctest.Rig{Stream: send(5)}, spy, f).Start(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := receive(rpctest.Open(ctx, t, cc, rpctest.ServerStream))
		wantPlain(t, err, codes.DeadlineExceeded)
		wantAfter(t, began, time.Second)
		synctest.Wait()
		wantCounts(t, f, fault.Snapshot{Delayed: 1})
		if s := spy.Settled(); len(s) != 1 {
			t.Errorf("settled %d times; want once", len(s))
		}
	})
}

// A message that is held up is let go when the stream ends by other means.
func TestSettleEndsDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := hanging()
		cfg.AfterMessages, cfg.Abort, cfg.AbortShare = 1, codes.Internal, 1
		f := newFault(t, cfg)
		cc := on(t, policy.Client, rpctest.Rig{Stream: func(grpc.ServerStream) error {
			time.Sleep(time.Second)
			return status.Error(codes.NotFound, "gone")
		}}, f).Start(t)
		s := rpctest.Open(t.Context(), t, cc, rpctest.BidiStream)
		began := time.Now()
		var sent atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 2 { // the second is held up
				if err := s.SendMsg(rpctest.Message()); err != nil {
					t.Errorf("SendMsg = %v; the stream's error is for RecvMsg to tell", err)
				}
				sent.Add(1)
			}
		}()
		synctest.Wait()
		if n := sent.Load(); n != 1 {
			t.Errorf("%d messages are sent; want the second held up", n)
		}
		wantPlain(t, s.RecvMsg(rpctest.Message()), codes.NotFound)
		<-done
		wantAfter(t, began, time.Second)
		wantCounts(t, f, fault.Snapshot{Delayed: 1})
	})
}

// delayedFault starts a stream that is to fail at its second message.
func delayedFault(t *testing.T, f *fault.Fault) *policy.Admission {
	t.Helper()
	var a policy.Admission
	a.Call = policy.Call{Method: method, Shape: policy.BidiStream}
	if _, err := rpctest.ChainOf(t, f).Admit(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	if !a.Wants(policy.WantsMessages) {
		t.Fatal("the stream is not watched")
	}
	if err := a.Message(policy.Sent); err != nil {
		t.Fatalf("the first message: %v", err)
	}
	return &a
}

// A fault that was switched off, or changed, does not strike later on.
func TestUpdateDisarms(t *testing.T) {
	t.Parallel()
	cfg := always(0, codes.Internal)
	cfg.AfterMessages = 1
	for _, now := range []fault.Config{{}, cfg, always(0, codes.Aborted)} {
		f := newFault(t, cfg)
		a := delayedFault(t, f)
		update(t, f, now)
		for range 3 {
			if err := a.Message(policy.Received); err != nil {
				t.Errorf("err = %v; want none", err)
			}
		}
		a.Settle(nil)
		wantCounts(t, f, fault.Snapshot{})
	}
}

// What comes after the end of a stream does nothing.
func TestLateMessages(t *testing.T) {
	t.Parallel()
	cfg := always(time.Hour, codes.Internal)
	cfg.AfterMessages = 1
	f := newFault(t, cfg)
	a := delayedFault(t, f)
	a.Settle(nil)
	for range 3 {
		if err := a.Message(policy.Received); err != nil {
			t.Errorf("err = %v; want none", err)
		}
	}
	wantCounts(t, f, fault.Snapshot{})
}

// Messages of both directions, and the end, may come at once. The fault strikes
// once. Run with -race.
func TestMessagesAtOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			cfg := always(time.Second, codes.Internal)
			cfg.AfterMessages = 1
			f := newFault(t, cfg)
			a := delayedFault(t, f)
			var struck atomic.Int64
			for range 8 {
				go func() {
					if a.Message(policy.Sent) != nil {
						struck.Add(1)
					}
				}()
			}
			time.AfterFunc(time.Second, func() { a.Settle(nil) })
			time.Sleep(time.Minute)
			if n := struck.Load(); n > 1 {
				t.Errorf("the fault struck %d messages", n)
			}
			if s := f.Snapshot(); s.Active != 0 || s.Delayed != 1 {
				t.Errorf("Snapshot() = %+v; want one delay, over", s)
			}
		})
	}
}

// A stream that chance spares costs nothing.
func TestSparedStream(t *testing.T) {
	t.Parallel()
	f := newFault(t, fault.Config{Abort: codes.Internal, AbortShare: 0.5, AfterMessages: 3}, draws(t, 0.5))
	if err := strike(t, t.Context(), f, &policy.Call{Shape: policy.BidiStream}); err != nil {
		t.Error(err)
	}
}
