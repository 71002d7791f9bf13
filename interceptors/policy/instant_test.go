package policy_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

func TestInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, began := policy.Now(), time.Now()
		if start >= 0 {
			t.Errorf("Now() = %d; want below zero, virtual time is in the past", start)
		}
		time.Sleep(time.Minute)
		if got := policy.Now().Sub(start); got != time.Minute {
			t.Errorf("a minute later is %v later", got)
		}
		if got := start.Add(time.Minute); got != policy.Now() {
			t.Errorf("Add(1m) = %d; want %d", got, policy.Now())
		}
		if got := policy.InstantOf(began); got != start {
			t.Errorf("InstantOf = %d; want %d", got, start)
		}
		if got := start.Time(); !got.Equal(began) {
			t.Errorf("Time() = %v; want %v", got, began)
		}
		if got := policy.Instant(0).OrNow(); got != policy.Now() {
			t.Errorf("OrNow of zero = %d; want now", got)
		}
		if got := start.OrNow(); got != start {
			t.Errorf("OrNow of an instant = %d; want itself, %d", got, start)
		}
	})
}

// Zero means that the clock was not read, so no reading may be zero.
func TestNowIsNeverZero(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(policy.Instant(0).Time()))
		if got := policy.Now(); got != 1 {
			t.Errorf("Now() at the base = %d; want 1", got)
		}
	})
}

func TestClockIsReadOnlyWhenWanted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                 string
		outer, inner         policy.Wants
		observer             policy.Observer
		started, resp, ended bool
	}{
		{name: "nobody"},
		{name: "other wants", outer: policy.WantsMessages | policy.WantsInterrupt | policy.WantsEvidence},
		{name: "start", outer: policy.WantsStart, started: true},
		{name: "start, of the inner", inner: policy.WantsStart, started: true},
		{name: "end", outer: policy.WantsEnd, ended: true},
		{name: "response", inner: policy.WantsResponse, started: true, resp: true},
		{name: "start and end", outer: policy.WantsStart, inner: policy.WantsEnd, started: true, ended: true},
		{name: "observer", observer: policy.NopObserver{}},
		{name: "observer that wants all", observer: &policytest.Recorder{}, started: true, resp: true, ended: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, _ := stages(2)
			all[0].permit.Wants, all[1].permit.Wants = tt.outer, tt.inner
			var a policy.Admission
			chain := chainOf(t, all, policy.WithObserver(tt.observer))
			a.Call = policy.Call{}
			if _, err := chain.Admit(t.Context(), &a); err != nil {
				t.Fatal(err)
			}
			a.Respond()
			a.Settle(nil)
			for _, s := range all {
				o := s.outcome(t)
				if o.Started != 0 != tt.started || o.Responded != 0 != tt.resp || o.End != 0 != tt.ended {
					t.Errorf("%s: started, responded, end = %d, %d, %d; want them read: %v, %v, %v",
						s.name, o.Started, o.Responded, o.End, tt.started, tt.resp, tt.ended)
				}
			}
		})
	}
}

// The instants of a call that one after another blocked. Time in our own
// queues lies before its start.
func TestInstantsOfACallThatWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := policy.Now()
		all, _ := stages(4)
		all[0].permit.Wants = policy.WantsStart | policy.WantsEnd
		all[1].onAcquire = func(_ context.Context, call *policy.Call) { wait(call, 3*time.Second) }
		all[2].onAcquire = func(_ context.Context, call *policy.Call) { wait(call, 2*time.Second) }
		// A fault stands in for the dependency: its delay is the call's.
		all[3].layer = policy.LayerFault
		all[3].onAcquire = func(_ context.Context, call *policy.Call) { wait(call, 7*time.Second) }
		rec := &policytest.Recorder{}
		if err := chainOf(t, all, policy.WithObserver(rec)).Run(t.Context(), method, func(context.Context) error {
			time.Sleep(time.Second)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		o := all[0].outcome(t)
		if got := o.Started.Sub(begin); got != 5*time.Second {
			t.Errorf("started %v after the begin; want 5s, when the last policy admitted it", got)
		}
		if got := o.End.Sub(begin); got != 13*time.Second {
			t.Errorf("ended %v after the begin; want 13s", got)
		}
		admitted := rec.Of(policytest.Admitted)[0].Admitted
		if want := (policy.Admitted{Waited: 5 * time.Second, WaitedIn: all[1].layer, Started: o.Started}); admitted != want {
			t.Errorf("observed %+v; want %+v", admitted, want)
		}
	})
}

// What one policy read the next need not read again.
func TestBeginIsTheLastInstantRead(t *testing.T) {
	t.Parallel()
	all, _ := stages(4)
	var got [4]policy.Instant
	for i, s := range all {
		s.onAcquire = func(_ context.Context, call *policy.Call) {
			got[i] = call.Begin
			if read := [4]policy.Instant{1: 200, 2: -300}[i]; read != 0 {
				call.Begin = read
			}
		}
	}
	all[3].permit.Wants = policy.WantsStart
	var a policy.Admission
	a.Call = policy.Call{Begin: 100}
	if _, err := chainOf(t, all).Admit(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	a.Settle(nil)
	if want := [4]policy.Instant{100, 100, 200, -300}; got != want {
		t.Errorf("Begin of the calls = %d; want %d", got, want)
	}
	if o := all[0].outcome(t); o.Started != -300 {
		t.Errorf("Started = %d; want -300, the last instant read", o.Started)
	}
}

// Bug: a deadline of 292 years overflowed, and left a call no time at all.
func TestInstantsDoNotOverflow(t *testing.T) {
	t.Parallel()
	const early, late = policy.Instant(math.MinInt64 + 10), policy.Instant(math.MaxInt64 - 10)
	for _, tt := range []struct {
		name      string
		got, want int64
	}{
		{"from early to late", int64(late.Sub(early)), math.MaxInt64},
		{"from late to early", int64(early.Sub(late)), math.MinInt64},
		{"after the last", int64(late.Add(time.Hour)), math.MaxInt64},
		{"before the first", int64(early.Add(-time.Hour)), math.MinInt64},
		{"nearby", int64(late.Sub(late - 5)), 5},
		{"back", int64(policy.Instant(3).Sub(7)), -4},
		{"on", int64(policy.Instant(-3).Add(7)), 4},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d; want %d", tt.name, tt.got, tt.want)
		}
	}
}
