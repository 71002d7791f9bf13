package breaker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const slowAfter = 200 * time.Millisecond

// bySlowness judges by time; a run of failures does not open it.
func bySlowness(minCalls int) breaker.Config {
	return exact(breaker.Config{SlowAfter: slowAfter, MinCalls: minCalls, ConsecutiveFailures: breaker.Off})
}

// take makes n calls at once that take d and end with err.
func take(tb testing.TB, b *breaker.Breaker, n int, d time.Duration, err error) {
	tb.Helper()
	calls := make([]*inFlight, n)
	for i := range calls {
		calls[i] = begin(tb, b)
	}
	time.Sleep(d)
	for _, c := range calls {
		c.end(err)
	}
}

func TestSlowCallsTrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		take(t, b, 30, slowAfter-1, nil)
		if got := b.Snapshot().Slow; got != 0 {
			t.Fatalf("%d calls below SlowAfter were slow", got)
		}
		take(t, b, 29, slowAfter, nil)
		if got := b.Snapshot().Slow; got != 29 {
			t.Fatalf("slow calls = %d; want 29", got)
		}
		wantState(t, b, breaker.Closed)
		take(t, b, 1, slowAfter, nil)
		wantState(t, b, breaker.Open)
	})
}

// Failed and slow calls are judged together: neither share is enough alone.
func TestSlowAndFailedAreOneShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		do(t, b, 10, nil)
		do(t, b, 5, errDown)
		take(t, b, 4, slowAfter, nil)
		wantState(t, b, breaker.Closed)
		take(t, b, 1, slowAfter, nil)
		wantState(t, b, breaker.Open)
	})
}

// The bug: the count of slow failures is not taken back (resilience4j #1262). A
// call that failed slowly counts once.
func TestSlowFailureCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(100))
		take(t, b, 3, slowAfter, errDown)
		got := b.Snapshot()
		if got.Calls != 3 || got.Failures != 3 || got.Slow != 0 {
			t.Errorf("calls, failures, slow = %d, %d, %d; want 3, 3, 0", got.Calls, got.Failures, got.Slow)
		}
	})
}

// A brown-out is seen in the last full second, which ten seconds of healthy
// calls do not dilute.
func TestBrownOutIsSeenInTheLastFullSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		toFullSecond()
		for range 9 {
			do(t, b, 400, nil)
			time.Sleep(time.Second)
		}
		// A fast call now and then keeps the calls in flight from being enough.
		for range 4 {
			take(t, b, 5, slowAfter, nil)
			do(t, b, 1, nil)
		}
		time.Sleep(time.Second - 4*slowAfter)
		wantState(t, b, breaker.Closed)
		take(t, b, 1, slowAfter, nil)
		wantState(t, b, breaker.Open)
	})
}

// A dependency that hangs is cut off by the calls in flight, before the first
// of them has ended, however healthy the window.
func TestHangIsSeenInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		do(t, b, 4000, nil)
		time.Sleep(slowAfter)
		for range 5 {
			begin(t, b)
		}
		time.Sleep(slowAfter)
		wantState(t, b, breaker.Closed)
		time.Sleep(slowAfter / 8) // a slot of the ring must be over
		begin(t, b)               // the first look
		time.Sleep(slowAfter / 8)
		r := refusal(t, b)
		if got := time.Until(r.Retry); got <= 0 || got > breaker.DefaultOpenFor {
			t.Errorf("retry in %v; want %v at most", got, breaker.DefaultOpenFor)
		}
	})
}

// After a pause of this process every call in flight looks overdue, and is
// answered as soon as the process runs again. That must not open the breaker.
func TestPauseOfTheProcessIsNoHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		do(t, b, 400, nil)
		paused := make([]*inFlight, 12)
		for i := range paused {
			paused[i] = begin(t, b)
		}
		time.Sleep(2 * slowAfter)
		begin(t, b).end(nil) // the first call after the pause
		for _, c := range paused {
			c.end(nil)
		}
		for range 20 {
			time.Sleep(slowAfter / 8)
			do(t, b, 10, nil)
		}
		wantState(t, b, breaker.Closed)
	})
}

func TestFewHangingCallsAreNotEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		do(t, b, 10, nil)
		time.Sleep(slowAfter)
		for range 4 {
			begin(t, b)
		}
		time.Sleep(2 * slowAfter)
		begin(t, b)
		time.Sleep(slowAfter / 8)
		begin(t, b)
		wantState(t, b, breaker.Closed)
		if got := b.Snapshot().Overdue; got != 4 {
			t.Errorf("overdue = %d; want 4", got)
		}
	})
}

// While others succeed, calls in flight count as slow ones among them.
func TestOverdueAmongSuccessesNeedTheirShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		for range 9 {
			begin(t, b)
		}
		time.Sleep(slowAfter / 8)
		do(t, b, 11, nil)
		time.Sleep(slowAfter)
		begin(t, b).end(errCanceled)
		time.Sleep(slowAfter / 8)
		begin(t, b) // 9 of 20 are overdue
		wantState(t, b, breaker.Closed)
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		for range 10 {
			begin(t, b)
		}
		time.Sleep(slowAfter / 8)
		do(t, b, 10, nil)
		time.Sleep(slowAfter)
		begin(t, b).end(errCanceled)
		time.Sleep(slowAfter / 8)
		wantRefused(t, b) // 10 of 20
	})
}

// The calls of a hung dependency are seen also when a bulkhead further in
// refuses all new ones.
func TestHangBehindFullBulkheadOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		for range 10 {
			begin(t, b)
		}
		time.Sleep(slowAfter / 2)
		if _, err := try(t, policy.Call{}, b, full{}); err == nil {
			t.Fatal("the inner policy admitted")
		}
		wantState(t, b, breaker.Closed)
		time.Sleep(slowAfter)
		for range 2 {
			if _, err := try(t, policy.Call{}, b, full{}); err == nil {
				t.Fatal("the inner policy admitted")
			}
			time.Sleep(slowAfter / 8)
		}
		wantState(t, b, breaker.Open)
	})
}

// Calls leave the ring however they end.
func TestRingIsEmptyAfterEveryEnding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(1000))
		for _, err := range []error{nil, errDown, errCanceled, errNotFound, errDeadline} {
			take(t, b, 3, 50*time.Millisecond, err)
		}
		_, _ = try(t, policy.Call{}, b, full{})
		time.Sleep(10 * time.Second)
		if !b.Idle() {
			t.Errorf("not idle: %+v", b.Snapshot())
		}
	})
}

// Client and bidirectional streams go at the client's pace: their length says
// nothing about the dependency.
func TestOnlyServerPacedCallsAreJudgedByTime(t *testing.T) {
	t.Parallel()
	for kind, judged := range map[policy.Shape]bool{
		policy.Unary: true, policy.ServerStream: true, policy.ClientStream: false, policy.BidiStream: false,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, bySlowness(20))
				for range 10 {
					if _, err := try(t, policy.Call{Shape: kind}, b); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(2 * slowAfter)
				if _, err := try(t, policy.Call{Shape: kind}, b); err != nil {
					t.Fatal(err)
				}
				time.Sleep(slowAfter / 8)
				_, err := try(t, policy.Call{Shape: kind}, b)
				if refused := err != nil; refused != judged {
					t.Errorf("refused = %v; want %v", refused, judged)
				}
			})
		})
	}
}

// respond marks the first message of a stream.
func respond(c *inFlight) {
	if tell := c.admission.Respond(); tell != nil {
		tell()
	}
}

func beginStream(tb testing.TB, b *breaker.Breaker) *inFlight {
	tb.Helper()
	c, err := try(tb, policy.Call{Shape: policy.ServerStream}, b)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestStreamIsSlowByItsFirstMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, bySlowness(20))
		prompt, sluggish, silent := beginStream(t, b), beginStream(t, b), beginStream(t, b)
		time.Sleep(slowAfter - 1)
		respond(prompt)
		time.Sleep(time.Nanosecond)
		respond(sluggish)
		time.Sleep(time.Second)
		if got := b.Snapshot().Overdue; got != 1 {
			t.Errorf("overdue = %d; want 1, the stream without a message", got)
		}
		for _, c := range []*inFlight{prompt, sluggish, silent} {
			c.end(nil)
		}
		if got := b.Snapshot(); got.Calls != 3 || got.Slow != 2 {
			t.Errorf("calls, slow = %d, %d; want 3, 2", got.Calls, got.Slow)
		}
		time.Sleep(time.Minute)
		if !b.Idle() {
			t.Error("calls are left in the ring, or were taken out of it twice")
		}
	})
}

// A long stream must not keep a probe's slot: its first message is the success.
func TestStreamProbeSucceedsByItsFirstMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SuccessesToClose: 2})
		first := beginStream(t, b)
		wantRefused(t, b)
		respond(first)
		second := beginStream(t, b)
		respond(second)
		wantState(t, b, breaker.Closed)
		first.end(errDown) // of an earlier state
		second.end(nil)
		if got := b.Snapshot(); got.Calls != 0 {
			t.Errorf("%d calls; want 0", got.Calls)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SlowAfter: slowAfter})
		probe := beginStream(t, b)
		time.Sleep(slowAfter)
		respond(probe)
		wantState(t, b, breaker.Open)
		probe.end(nil)
	})
}

// Servers end long streams UNAVAILABLE when they are deployed.
func TestOldStreamMayEndUnavailable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		lived     time.Duration
		responded bool
		err       error
		want      int
	}{
		{"old, with messages", 30*time.Second + 1, true, errDown, 0},
		{"young", 30 * time.Second, true, errDown, 1},
		{"without a message", time.Hour, false, errDown, 1},
		{"another error", time.Hour, true, status.Error(codes.Internal, "broken"), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(breaker.Config{}))
				c := beginStream(t, b)
				if tt.responded {
					respond(c)
				}
				time.Sleep(tt.lived)
				c.end(tt.err)
				if got := b.Snapshot().Failures; got != tt.want {
					t.Errorf("failures = %d; want %d", got, tt.want)
				}
			})
		})
	}
}
