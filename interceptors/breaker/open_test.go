package breaker_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestOpenRefusesUntilItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{OpenFor: 7 * time.Second})
		r := refusal(t, b)
		if r.Method != method || r.Kind != "breaker" || r.Reason != policy.ReasonCircuitOpen {
			t.Errorf("rejection = %+v", r)
		}
		if got := status.Code(r); got != codes.Unavailable {
			t.Errorf("code = %v; want Unavailable", got)
		}
		if got := time.Until(r.Retry); got != 7*time.Second {
			t.Errorf("retry in %v; want 7s", got)
		}
		time.Sleep(7*time.Second - 1)
		wantRefused(t, b)
		time.Sleep(time.Nanosecond)
		begin(t, b) // at exactly OpenFor the next call is a probe
		wantState(t, b, breaker.HalfOpen)
	})
}

// openFor returns how long b is open once n more failures have tripped it.
func openFor(t *testing.T, b *breaker.Breaker, n int) time.Duration {
	t.Helper()
	do(t, b, n, errDown)
	wantState(t, b, breaker.Open)
	return time.Until(b.Snapshot().RetryAt)
}

func TestOpenTimeDoubles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{OpenFor: 5 * time.Second, MaxOpenFor: 30 * time.Second}))
		n := breaker.DefaultConsecutiveFailures
		for _, seconds := range []int{5, 10, 20, 30, 30} {
			want := time.Duration(seconds) * time.Second
			if got := openFor(t, b, n); got != want {
				t.Fatalf("open for %v; want %v", got, want)
			}
			time.Sleep(want)
			n = 1 // the failure of a probe is enough
		}
	})
}

// Each full Window spent closed takes one doubling back.
func TestOpenTimeHalvesPerWindowClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		calm, want time.Duration
	}{
		{0, 20 * time.Second},
		{10*time.Second - 1, 20 * time.Second},
		{10 * time.Second, 10 * time.Second},
		{20 * time.Second, 5 * time.Second},
		{24 * time.Hour, 5 * time.Second},
	} {
		t.Run(tt.calm.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := tripped(t, breaker.Config{})
				time.Sleep(5 * time.Second)
				do(t, b, 1, errDown)
				time.Sleep(10 * time.Second)
				do(t, b, breaker.DefaultSuccessesToClose, nil)
				wantState(t, b, breaker.Closed)
				time.Sleep(tt.calm)
				if got := openFor(t, b, breaker.DefaultConsecutiveFailures); got != tt.want {
					t.Errorf("open for %v; want %v", got, tt.want)
				}
			})
		})
	}
}

func TestOpenTimeNeverOverflows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{OpenFor: 24 * time.Hour}))
		n := breaker.DefaultConsecutiveFailures
		for range 200 {
			if got := openFor(t, b, n); got != 24*time.Hour {
				t.Fatalf("open for %v; want 24h", got)
			}
			time.Sleep(24 * time.Hour)
			n = 1
		}
	})
}

// Jitter spreads the open times by up to 20 %, and at the longest open time
// too, which it never passes.
func TestJitter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		most         time.Duration
		low, high    time.Duration
		lower, upper bool
	}{
		{"below the longest", time.Minute, 8 * time.Second, 12 * time.Second, true, true},
		{"at the longest", 10 * time.Second, 8 * time.Second, 10 * time.Second, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				middle := (tt.low + tt.high) / 2
				below, above := 0, 0
				for range 400 {
					b := newBreaker(t, breaker.Config{OpenFor: 10 * time.Second, MaxOpenFor: tt.most})
					got := openFor(t, b, breaker.DefaultConsecutiveFailures)
					if got < tt.low || got > tt.high {
						t.Fatalf("open for %v; want [%v, %v]", got, tt.low, tt.high)
					}
					if got < middle {
						below++
					} else {
						above++
					}
				}
				if below < 100 || above < 100 {
					t.Errorf("%d below and %d above the middle of 400; want them spread", below, above)
				}
			})
		})
	}
}

// retryInfo is a failure that asks for a pause.
func retryInfo(t *testing.T, wait time.Duration) error {
	t.Helper()
	s, err := status.New(codes.Unavailable, "later").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

func TestServerMayLengthenOpenTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		retryInfo, pushback time.Duration
		want                time.Duration
	}{
		{"nothing asked", 0, 0, 5 * time.Second},
		{"RetryInfo", 20 * time.Second, 0, 20 * time.Second},
		{"trailer", 0, 20 * time.Second, 20 * time.Second},
		{"the longer of both", 30 * time.Second, 20 * time.Second, 30 * time.Second},
		{"less than OpenFor", time.Second, time.Second, 5 * time.Second},
		{"more than MaxOpenFor", time.Hour, 2 * time.Hour, time.Minute},
		{"negative", -time.Hour, 0, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(breaker.Config{}))
				do(t, b, breaker.DefaultConsecutiveFailures-1, errDown)
				c := begin(t, b)
				if !c.admission.Wants(policy.WantsEvidence) {
					t.Error("the call that may open the breaker does not ask for pushback")
				}
				err := errDown
				if tt.retryInfo != 0 {
					err = retryInfo(t, tt.retryInfo)
				}
				c.admission.SettleAs(policy.Outcome{Err: err, Evidence: policy.Evidence{Pushback: tt.pushback}})
				if got := time.Until(b.Snapshot().RetryAt); got != tt.want {
					t.Errorf("open for %v; want %v", got, tt.want)
				}
			})
		})
	}
}

// A healthy breaker does not ask for pushback: collecting it costs allocations.
func TestHealthyCallsAskForNoPushback(t *testing.T) {
	t.Parallel()
	b := newBreaker(t, breaker.Config{})
	do(t, b, 5, nil)
	if begin(t, b).admission.Wants(policy.WantsEvidence) {
		t.Error("a call of a healthy breaker asks for pushback")
	}
}

// The bugs: forced states leak. A breaker that is forced open still probes
// (cep21/circuit PR #159) or goes half-open by itself (resilience4j #991).
func TestModes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}))
		set := func(m breaker.Mode) {
			t.Helper()
			if err := b.SetMode(m); err != nil {
				t.Fatal(err)
			}
		}
		inFlightBefore := begin(t, b)
		set(breaker.AlwaysOpen)
		for range 3 {
			wantRefused(t, b)
			wantState(t, b, breaker.ForcedOpen)
			time.Sleep(24 * time.Hour)
		}
		inFlightBefore.end(nil)
		wantState(t, b, breaker.ForcedOpen)

		set(breaker.AlwaysClosed)
		do(t, b, 1000, errDown)
		wantState(t, b, breaker.Disabled)

		set(breaker.Automatic)
		wantState(t, b, breaker.Closed)
		if got := b.Snapshot().Calls; got != 0 {
			t.Errorf("window holds %d calls after a forced state; want 0", got)
		}
		do(t, b, breaker.DefaultConsecutiveFailures, errDown)
		wantState(t, b, breaker.Open)

		if err := b.SetMode(17); err == nil {
			t.Error("an unknown mode was accepted")
		}
		wantState(t, b, breaker.Open)
	})
}

// Shadow goes through all states by real outcomes and refuses nothing.
func TestShadowRefusesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{Mode: breaker.Shadow})
		do(t, b, 4, nil)
		wantNotes(t, b, policy.NoteShadowed)
		wantState(t, b, breaker.Open)
		if got := b.Snapshot().Rejected; got != 5 {
			t.Errorf("%d calls would have been refused; want 5", got)
		}
		time.Sleep(breaker.DefaultOpenFor)
		probe := begin(t, b)
		do(t, b, 5, errDown) // not probes: there is one at a time
		wantState(t, b, breaker.HalfOpen)
		probe.end(nil)
		do(t, b, 2, nil)
		wantState(t, b, breaker.Closed)
		do(t, b, breaker.DefaultConsecutiveFailures, errDown)
		if err := b.SetMode(breaker.Automatic); err != nil {
			t.Fatal(err)
		}
		wantState(t, b, breaker.Open) // the state stays
		wantRefused(t, b)
	})
}

// Observers are told which calls are probes, and which ones a breaker that only
// watches would have refused.
func TestNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{})
		time.Sleep(breaker.DefaultOpenFor)
		wantNotes(t, b, policy.NoteProbe)
		do(t, b, 2, nil)
		wantState(t, b, breaker.Closed)
		wantNotes(t, b, 0)
		forced := newBreaker(t, breaker.Config{Mode: breaker.AlwaysClosed})
		wantNotes(t, forced, 0)
	})
}

// wantNotes makes a call that succeeds.
func wantNotes(tb testing.TB, b *breaker.Breaker, want policy.Notes) {
	tb.Helper()
	call := &policy.Call{Method: method}
	p, err := b.Acquire(context.Background(), call)
	if err != nil || call.Notes != want {
		tb.Errorf("notes = %b, %v; want %b", call.Notes, err, want)
	}
	if p.Settler != nil {
		p.Settler.Settle(p.Token, &policy.Outcome{End: policy.Now()})
	}
}

func TestAcquireIgnoresContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := newBreaker(t, breaker.Config{}).Acquire(ctx, &policy.Call{Method: method}); err != nil {
		t.Errorf("a cancelled context was refused by a breaker: %v", err)
	}
}

// Whatever a server or a caller says of time, an open time is one of the configuration.
func TestExtremeTimesOfPeers(t *testing.T) {
	t.Parallel()
	const openFor, most = time.Second, time.Minute
	for name, tt := range map[string]struct {
		wait     *durationpb.Duration
		pushback time.Duration
		want     time.Duration
	}{
		"none":                {nil, 0, openFor},
		"the longest":         {durationpb.New(math.MaxInt64), 0, most},
		"the most negative":   {durationpb.New(math.MinInt64), 0, openFor},
		"ten thousand years":  {&durationpb.Duration{Seconds: 315_576_000_000}, 0, most},
		"as many before":      {&durationpb.Duration{Seconds: -315_576_000_000}, 0, openFor},
		"not valid":           {&durationpb.Duration{Seconds: math.MaxInt64, Nanos: math.MaxInt32}, 0, openFor},
		"a nanosecond":        {durationpb.New(1), 0, openFor},
		"the longest trailer": {nil, math.MaxInt64, most},
		"a negative trailer":  {nil, math.MinInt64, openFor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, exact(breaker.Config{OpenFor: openFor, MaxOpenFor: most, ConsecutiveFailures: 1}))
				s := status.New(codes.Unavailable, "later")
				if tt.wait != nil {
					detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: tt.wait})
					if err != nil {
						t.Fatal(err)
					}
					s = detailed
				}
				c := begin(t, b)
				c.admission.SettleAs(policy.Outcome{Err: s.Err(), Evidence: policy.Evidence{Pushback: tt.pushback}})
				if got := time.Until(b.Snapshot().RetryAt); got != tt.want {
					t.Errorf("open for %v; want %v", got, tt.want)
				}
			})
		})
	}
}

// A caller whose deadline is centuries ahead was not in a hurry; one whose deadline was
// long ago was.
func TestExtremeDeadlinesOfCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for _, tt := range []struct {
			deadline time.Time
			want     breaker.State
		}{
			{time.Time{}, breaker.Open},
			{now.Add(math.MaxInt64), breaker.Open},
			{now.AddDate(7000, 0, 0), breaker.Open},
			{now.Add(1), breaker.Closed},
			{now.AddDate(-1900, 0, 0), breaker.Closed},
		} {
			b := newBreaker(t, exact(breaker.Config{ConsecutiveFailures: 1, MinDeadline: time.Second}))
			c, err := try(t, policy.Call{Deadline: tt.deadline}, b)
			if err != nil {
				t.Fatal(err)
			}
			c.end(errDeadline)
			if got := b.State(); got != tt.want {
				t.Errorf("deadline at %v: %v; want %v", tt.deadline, got, tt.want)
			}
		}
	})
}

// A breaker that was closed for centuries opens for its first open time again, and it
// has counted the calls of now alone.
func TestCenturiesOfCalm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{OpenFor: time.Second, MaxOpenFor: time.Hour, Window: 100 * time.Millisecond, SuccessesToClose: 1})
		for range 8 {
			time.Sleep(time.Until(b.Snapshot().RetryAt))
			begin(t, b).end(errDown)
		}
		if got := time.Until(b.Snapshot().RetryAt); got < time.Minute {
			t.Fatalf("open for %v; want it to have grown", got)
		}
		time.Sleep(time.Until(b.Snapshot().RetryAt))
		begin(t, b).end(nil)
		wantState(t, b, breaker.Closed)
		time.Sleep(200 * 365 * 24 * time.Hour)
		do(t, b, breaker.DefaultConsecutiveFailures, errDown)
		wantState(t, b, breaker.Open)
		if got := time.Until(b.Snapshot().RetryAt); got != time.Second {
			t.Errorf("open for %v; want 1s", got)
		}
	})
}
