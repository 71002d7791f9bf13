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

func TestOpenRefusesUntilAProbeIsDue(t *testing.T) {
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
		wait := time.Until(r.Retry)
		if wait <= 0 || wait > 7*time.Second || b.WouldAdmit() {
			t.Errorf("retry in %v, would admit %v; want within 7s, and no", wait, b.WouldAdmit())
		}
		time.Sleep(wait - 1)
		wantRefused(t, b)
		wantState(t, b, breaker.Open)
		time.Sleep(time.Nanosecond)
		// Nobody has called, but nobody is told that calls are refused.
		wantState(t, b, breaker.HalfOpen)
		if !b.WouldAdmit() || b.Snapshot().State != breaker.HalfOpen {
			t.Error("a probe is due, but the breaker says that it would refuse it")
		}
		begin(t, b)
		wantState(t, b, breaker.HalfOpen)
		if b.WouldAdmit() {
			t.Error("the probe is under way, but the breaker says that it would admit another call")
		}
	})
}

// waitOf is how long a breaker that has just opened waits for its next probe.
func waitOf(t *testing.T, b *breaker.Breaker) time.Duration {
	t.Helper()
	wantState(t, b, breaker.Open)
	return time.Until(b.Snapshot().RetryAt)
}

// failingProbes has the next n probes fail, and returns when each was sent.
func failingProbes(t *testing.T, b *breaker.Breaker, n int) (at []time.Duration) {
	t.Helper()
	began := time.Now()
	for range n {
		probeDue(b)
		at = append(at, time.Since(began))
		do(t, b, 1, errDown)
	}
	return at
}

// Nobody calls: probes are as far apart as the age of the outage says, a fifth of it, and
// never farther than a fifth of OpenFor, if enough calls came before.
func TestProbesAreSpacedByTheAgeOfTheOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{OpenFor: 10 * time.Second}))
		toFullSecond()
		do(t, b, 2000, nil)
		time.Sleep(time.Second)
		failUntilOpen(t, b)
		last := time.Duration(0)
		for _, at := range failingProbes(t, b, 40) {
			age := last
			if want := min(max(250*time.Millisecond, age/5), 2*time.Second); at-last < want || at-last > want+time.Second*80/500 && age < 5*time.Second {
				t.Errorf("a probe %v after the one at %v; want %v", at-last, age, want)
			}
			last = at
		}
	})
}

// Where few call, a probe is a call in 80, or one each OpenFor.
func TestProbesAreAShareOfTheCalls(t *testing.T) {
	t.Parallel()
	for pause, want := range map[time.Duration][2]int{
		time.Millisecond:       {250, 340}, // by age
		25 * time.Millisecond:  {280, 310},
		200 * time.Millisecond: {50, 70}, // each OpenFor
		3 * time.Second:        {30, 60},
		61 * time.Second:       {9, 10}, // every one
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{}))
			for range inARow {
				do(t, b, 1, nil)
				time.Sleep(min(pause, time.Second/2))
			}
			failUntilOpen(t, b)
			probes := 0
			for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(pause) {
				if c, err := try(t, policy.Call{}, b); err == nil {
					probes++
					c.end(errDown)
				}
			}
			if probes < want[0] || probes > want[1] {
				t.Errorf("a call every %v: %d probes in ten minutes; want %v", pause, probes, want)
			}
			for i := 0; b.State() != breaker.Closed; i++ {
				if c, err := try(t, policy.Call{}, b); err == nil {
					c.end(nil)
				}
				if time.Sleep(pause); i > 4 && pause > time.Second {
					t.Fatalf("a call every %v: not closed after %d", pause, i)
				}
			}
		})
	}
}

// A failed call that took long costs more, so the next waits longer.
func TestProbesThatCostTimeAreRarer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{})
		take(t, b, 1, 800*time.Millisecond, errDeadline)
		probeDue(b)
		begin(t, b).end(errDown)
		if got := waitOf(t, b); got < 1600*time.Millisecond {
			t.Errorf("the next probe in %v; want at least twice the 800ms that one took", got)
		}
	})
}

// Waits are up to a fifth longer, each another time, so that the clients of a fleet do not
// probe in step; never longer than MaxOpenFor, at which they differ too.
func TestJitter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		most      time.Duration
		low, high time.Duration
	}{
		{"below the longest", time.Minute, 10 * time.Second, 12 * time.Second},
		{"at the longest", 10 * time.Second, 8 * time.Second, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				middle := (tt.low + tt.high) / 2
				below, above := 0, 0
				for range 400 {
					b := newBreaker(t, breaker.Config{OpenFor: 10 * time.Second, MaxOpenFor: tt.most, WindowCalls: 100})
					do(t, b, inARow, errDown) // the window knows no time, so neither how many call
					got := waitOf(t, b)
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

func TestServerMayLengthenTheWait(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		retryInfo, pushback time.Duration
		want                time.Duration // zero: as if nothing was asked
	}{
		{"nothing asked", 0, 0, 0},
		{"RetryInfo", 20 * time.Second, 0, 20 * time.Second},
		{"trailer", 0, 20 * time.Second, 20 * time.Second},
		{"the longer of both", 30 * time.Second, 20 * time.Second, 30 * time.Second},
		{"less than it waits", time.Millisecond, time.Millisecond, 0},
		{"more than MaxOpenFor", time.Hour, 2 * time.Hour, time.Minute},
		{"negative", -time.Hour, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				usual := waitOf(t, tripped(t, breaker.Config{}))
				b := newBreaker(t, exact(breaker.Config{}))
				do(t, b, inARow-1, errDown)
				c := begin(t, b)
				if !c.admission.Wants(policy.WantsEvidence) {
					t.Error("the call that may open the breaker does not ask for pushback")
				}
				err := errDown
				if tt.retryInfo != 0 {
					err = retryInfo(t, tt.retryInfo)
				}
				c.admission.SettleAs(policy.Outcome{Err: err, Evidence: policy.Evidence{Pushback: tt.pushback}})
				if got, want := time.Until(b.Snapshot().RetryAt), max(usual, tt.want); got != want {
					t.Errorf("open for %v; want %v", got, want)
				}
				probeDue(b)
				c = begin(t, b)
				c.admission.SettleAs(policy.Outcome{Err: err, Evidence: policy.Evidence{Pushback: tt.pushback}})
				if got := time.Until(b.Snapshot().RetryAt); got < tt.want {
					t.Errorf("open for %v after a probe; want %v", got, tt.want)
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
		do(t, b, inARow, errDown)
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
		do(t, b, 5, errDown) // not probes: none is due
		wantState(t, b, breaker.HalfOpen)
		probe.end(nil)
		wantState(t, b, breaker.Closed)
		do(t, b, inARow, errDown)
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
	const openFor, most = 200 * time.Millisecond, time.Minute // the least wait is a fifth
	for name, tt := range map[string]struct {
		wait     *durationpb.Duration
		pushback time.Duration
		want     time.Duration
	}{
		"none":                {nil, 0, 0},
		"the longest":         {durationpb.New(math.MaxInt64), 0, most},
		"the most negative":   {durationpb.New(math.MinInt64), 0, 0},
		"ten thousand years":  {&durationpb.Duration{Seconds: 315_576_000_000}, 0, most},
		"as many before":      {&durationpb.Duration{Seconds: -315_576_000_000}, 0, 0},
		"not valid":           {&durationpb.Duration{Seconds: math.MaxInt64, Nanos: math.MaxInt32}, 0, openFor},
		"a nanosecond":        {durationpb.New(1), 0, 0},
		"the longest trailer": {nil, math.MaxInt64, most},
		"a negative trailer":  {nil, math.MinInt64, 0},
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
				got := time.Until(b.Snapshot().RetryAt)
				if tt.want == most && got != most || tt.want == 0 && (got <= 0 || got > openFor) {
					t.Errorf("open for %v; want %v, or up to %v if that is zero", got, tt.want, openFor)
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
