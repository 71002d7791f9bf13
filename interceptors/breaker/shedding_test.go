package breaker_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

var errShed = status.Error(codes.ResourceExhausted, "busy")

// refusedAfar is a peer's refusal, or what pretends to be one.
func refusedAfar(tb testing.TB, code codes.Code, reason policy.Reason, more ...protoadapt.MessageV1) error {
	tb.Helper()
	info := &errdetails.ErrorInfo{Domain: policy.Domain, Reason: string(reason)}
	s, err := status.New(code, "refused").WithDetails(append([]protoadapt.MessageV1{info}, more...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return s.Err()
}

// each makes a call every pause that ends with err, for as long as given.
func each(tb testing.TB, b *breaker.Breaker, pause, long time.Duration, err error) {
	tb.Helper()
	for range int(long / pause) {
		do(tb, b, 1, err)
		time.Sleep(pause)
	}
}

// wantOpenFor checks for how long the breaker is open from now on.
func wantOpenFor(tb testing.TB, b *breaker.Breaker, want time.Duration) {
	tb.Helper()
	wantState(tb, b, breaker.Open)
	if got := time.Until(b.Snapshot().RetryAt); got != want {
		tb.Fatalf("open for %v; want %v", got, want)
	}
}

// shedOpened returns a breaker that has just opened because its dependency shed calls
// and did nothing else.
func shedOpened(tb testing.TB, cfg breaker.Config, opts ...breaker.Option) *breaker.Breaker {
	tb.Helper()
	b := newBreaker(tb, exact(cfg), opts...)
	each(tb, b, time.Second, breaker.SheddingLimit, errShed)
	wantState(tb, b, breaker.Closed)
	do(tb, b, inARow, errShed)
	wantState(tb, b, breaker.Open)
	return b
}

func TestNothingButSheddingOpens(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"exhausted":           errShed,
		"a peer's bulkhead":   refusedAfar(t, codes.ResourceExhausted, policy.ReasonBulkheadFull),
		"a peer's queue":      refusedAfar(t, codes.ResourceExhausted, policy.ReasonQueueTimeout),
		"a peer's rate":       refusedAfar(t, codes.ResourceExhausted, policy.ReasonRateLimited),
		"a peer's circuit":    refusedAfar(t, codes.Unavailable, policy.ReasonCircuitOpen),
		"a peer has no time":  refusedAfar(t, codes.DeadlineExceeded, policy.ReasonDeadlineTooNear),
		"exhausted, made up":  refusedAfar(t, codes.ResourceExhausted, "MADE_UP"),
		"exhausted, a faulty": refusedAfar(t, codes.ResourceExhausted, policy.ReasonFaultInjected),
	} {
		for _, pause := range []time.Duration{10 * time.Millisecond, time.Second, 20 * time.Second} {
			t.Run(fmt.Sprint(name, " every ", pause), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBreaker(t, exact(breaker.Config{}))
					each(t, b, pause, breaker.SheddingLimit, err)
					if s := b.Snapshot(); s.State != breaker.Closed || s.Calls != 0 || s.ConsecutiveFailures != 0 {
						t.Fatalf("%+v before the limit; want no call counted", s)
					}
					for i := 0; b.State() == breaker.Closed; i++ {
						if i > rareInARow+1 { // at 20 s, the limit itself is met by the second
							t.Fatalf("still closed after %d more", i)
						}
						do(t, b, 1, err)
						if b.State() == breaker.Closed {
							time.Sleep(pause)
						}
					}
					wantOpenFor(t, b, breaker.DefaultOpenFor/8)
				})
			})
		}
	}
}

// A peer that copies our reasons into its failures is cut off as any other.
func TestFailuresThatClaimToBeSheddingOpen(t *testing.T) {
	t.Parallel()
	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss, 99} {
		for _, reason := range []policy.Reason{
			policy.ReasonCircuitOpen, policy.ReasonBulkheadFull, policy.ReasonQueueTimeout, policy.ReasonRateLimited,
			policy.ReasonDeadlineTooNear, policy.ReasonCancelled, policy.ReasonTimeout,
		} {
			synctest.Test(t, func(t *testing.T) {
				err := refusedAfar(t, code, reason)
				b := newBreaker(t, exact(breaker.Config{}))
				if policy.Classify(err) == policy.Shed {
					each(t, b, time.Second, breaker.SheddingLimit, err)
				}
				do(t, b, inARow, err)
				wantState(t, b, breaker.Open)
			})
		}
	}
}

// What rules count failures at all, count those that are shed.
func TestSheddingOpensByWhateverRuleCounts(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]breaker.Config{
		"ratio":     {ConsecutiveFailures: breaker.Off},
		"calls":     {ConsecutiveFailures: breaker.Off, WindowCalls: 20},
		"slow":      {ConsecutiveFailures: breaker.Off, FailureRatio: breaker.Off, SlowAfter: time.Second},
		"in a row":  {FailureRatio: breaker.Off},
		"all":       {SlowAfter: time.Second},
		"a minute":  {Window: time.Minute},
		"a second":  {Window: time.Second, Buckets: 1},
		"a hundred": {Window: 100 * time.Millisecond, Buckets: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(cfg))
				do(t, b, 5, nil)
				each(t, b, 10*time.Millisecond, breaker.SheddingLimit, errShed)
				wantState(t, b, breaker.Closed)
				for range 64 { // as many as the ratio needs
					if b.State() == breaker.Closed {
						do(t, b, 1, errShed)
					}
				}
				wantOpenFor(t, b, breaker.DefaultOpenFor/8)
			})
		})
	}
}

// The controls: a dependency that does some work is never cut off for the rest.
func TestSheddingSomeIsIgnored(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]error{"success": nil, "answer": errNotFound} {
		for _, pause := range []time.Duration{time.Millisecond, time.Second, 14 * time.Second} {
			t.Run(fmt.Sprint(name, " every ", pause), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBreaker(t, exact(breaker.Config{}))
					for range 2000 {
						do(t, b, 1, errShed)
						time.Sleep(pause)
						do(t, b, 1, answer)
						time.Sleep(pause)
					}
					wantState(t, b, breaker.Closed)
				})
			})
		}
	}
	for name, cfg := range map[string]breaker.Config{
		"default": {}, "by calls": {WindowCalls: 20}, "slow": {SlowAfter: time.Second}, "short": {Window: 100 * time.Millisecond, Buckets: 1},
	} {
		t.Run("one answer in time, "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(cfg))
				for range 20 {
					each(t, b, 100*time.Millisecond, breaker.SheddingLimit-time.Second, errShed)
					do(t, b, 1, nil)
				}
				if s := b.Snapshot(); s.State != breaker.Closed || s.Failures != 0 {
					t.Errorf("%+v; want closed and no failure", s)
				}
			})
		})
	}
}

// An answer that is slow is one.
func TestSlowAnswerEndsShedding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{SlowAfter: time.Second}))
		each(t, b, time.Second, breaker.SheddingLimit-5*time.Second, errShed)
		slow := begin(t, b)
		time.Sleep(2 * time.Second)
		slow.end(nil)
		each(t, b, time.Second, breaker.SheddingLimit, errShed)
		if s := b.Snapshot(); s.Failures != 0 {
			t.Errorf("%+v; want no failure", s)
		}
	})
}

// What nobody was asked for says nothing.
func TestPauseEndsShedding(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{time.Minute, time.Hour, 30 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{}))
			for range 20 {
				do(t, b, 1, errShed)
				time.Sleep(pause)
			}
			do(t, b, 100, errShed)
			if s := b.Snapshot(); s.State != breaker.Closed || s.Failures != 0 {
				t.Fatalf("after pauses of %v: %+v; want closed and no failure", pause, s)
			}
			each(t, b, time.Second, breaker.SheddingLimit, errShed)
			do(t, b, inARow, errShed)
			wantState(t, b, breaker.Open)
		})
	}
}

// Neither does it help to fail now and then, or that callers give up.
func TestOnlyAnswersEndShedding(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]error{"failure": errDown, "cancelled": errCanceled, "our own refusal": errFull} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(breaker.Config{}))
				for range 3 {
					each(t, b, time.Second, breaker.SheddingLimit/3, errShed)
					do(t, b, 1, between)
				}
				for i := 0; b.State() == breaker.Closed; i++ {
					if do(t, b, 1, errShed); i > inARow {
						t.Fatal("still closed")
					}
				}
			})
		})
	}
}

// Shedding before the limit breaks no run of failures.
func TestSheddingDoesNotHideFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}))
		for range inARow {
			wantState(t, b, breaker.Closed)
			do(t, b, 1, errDown)
			if b.State() == breaker.Closed {
				do(t, b, 3, errShed)
			}
		}
		wantState(t, b, breaker.Open)
	})
}

func TestSheddingIsReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := new(lastCause)
		b := shedOpened(t, breaker.Config{}, breaker.WithObserver(l))
		if l.cause != "shedding" {
			t.Errorf("opened for %q; want shedding", l.cause)
		}
		time.Sleep(breaker.DefaultOpenFor)
		l.cause = ""
		begin(t, b).end(errShed)
		if l.cause != "" {
			t.Errorf("a probe that was shed is reported as %q; want nothing, the circuit was open", l.cause)
		}
	})
}

// lastCause hears why the breaker last changed its state.
type lastCause struct {
	policy.NopObserver

	cause string
}

func (l *lastCause) Transition(t policy.Transition) { l.cause = t.Cause }

func TestSheddingAndModes(t *testing.T) {
	t.Parallel()
	for _, m := range []breaker.Mode{breaker.AlwaysOpen, breaker.AlwaysClosed} {
		synctest.Test(t, func(t *testing.T) { // a forced mode forgets
			b := newBreaker(t, exact(breaker.Config{}))
			each(t, b, time.Second, breaker.SheddingLimit, errShed)
			for _, m := range []breaker.Mode{m, breaker.Automatic} {
				if err := b.SetMode(m); err != nil {
					t.Fatal(err)
				}
			}
			do(t, b, 100, errShed)
			wantState(t, b, breaker.Closed)
		})
	}
	synctest.Test(t, func(t *testing.T) { // one that only watches opens and refuses nothing
		b := shedOpened(t, breaker.Config{Mode: breaker.Shadow})
		do(t, b, 100, errShed)
		time.Sleep(breaker.DefaultOpenFor)
		do(t, b, 1, errShed)
		wantState(t, b, breaker.Open)
	})
	synctest.Test(t, func(t *testing.T) { // forced closed, it never opens
		b := newBreaker(t, breaker.Config{Mode: breaker.AlwaysClosed})
		each(t, b, time.Second, 5*time.Minute, errShed)
		wantState(t, b, breaker.Disabled)
	})
}

// A change of the configuration keeps the time.
func TestSheddingOutlastsUpdate(t *testing.T) {
	t.Parallel()
	for _, cfg := range []breaker.Config{{OpenFor: 7 * time.Second}, {Window: time.Minute}, {SlowAfter: time.Second}, {WindowCalls: 50}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{}))
			each(t, b, time.Second, breaker.SheddingLimit-time.Second, errShed)
			if err := b.Update(exact(cfg)); err != nil {
				t.Fatal(err)
			}
			each(t, b, time.Second, time.Second, errShed)
			do(t, b, inARow, errShed)
			wantState(t, b, breaker.Open)
		})
	}
}

// A breaker that is dropped and made anew would forget.
func TestSheddingIsNotIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}))
		do(t, b, 1, errShed)
		time.Sleep(time.Minute - 1)
		if b.Idle() {
			t.Error("idle though its dependency has shed calls of late")
		}
		time.Sleep(time.Nanosecond)
		if !b.Idle() {
			t.Error("not idle after the pause that ends shedding")
		}
		do(t, b, 1, errShed)
		do(t, b, 1, nil)
		time.Sleep(breaker.DefaultWindow)
		if !b.Idle() {
			t.Error("not idle though its dependency has answered since")
		}
	})
}

// A peer that refuses callers without time says nothing where we would not have
// counted it either; the same for a stream that has served its time.
func TestSheddingThatIsExcused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tooNear := refusedAfar(t, codes.DeadlineExceeded, policy.ReasonDeadlineTooNear)
		b := newBreaker(t, exact(breaker.Config{MinDeadline: 50 * time.Millisecond}))
		for range 120 {
			c, err := try(t, policy.Call{Deadline: time.Now().Add(5 * time.Millisecond)}, b)
			if err != nil {
				t.Fatal(err)
			}
			c.end(tooNear)
			time.Sleep(time.Second)
		}
		wantState(t, b, breaker.Closed)
	})
	for long, want := range map[time.Duration]breaker.State{time.Second: breaker.Open, time.Minute: breaker.Closed} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{}))
			for range 120 {
				c, err := try(t, policy.Call{Shape: policy.ServerStream}, b)
				if err != nil {
					break
				}
				if tell := c.admission.Respond(); tell != nil {
					tell()
				}
				time.Sleep(long)
				c.end(errShed)
			}
			wantState(t, b, want)
		})
	}
}

// Many at once: an answer among them ends the time for all.
func TestSheddingConcurrently(t *testing.T) {
	t.Parallel()
	for _, answers := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{}))
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					for range 600 {
						_ = policy.Run(context.Background(), b, method, func(context.Context) error {
							time.Sleep(100 * time.Millisecond)
							if answers && i == 0 {
								return nil
							}
							return errShed
						})
						time.Sleep(time.Millisecond)
					}
				})
			}
			all.Wait()
			if refused := b.Snapshot().Rejected; (refused == 0) != answers {
				t.Errorf("with answers %v: %d refused", answers, refused)
			}
		})
	}
}
