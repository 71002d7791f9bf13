package breaker_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func force(tb testing.TB, b *breaker.Breaker, a policy.Action) {
	tb.Helper()
	if d := (policy.Directive{Action: a}); !b.Override(d) || b.Overridden() != d {
		tb.Fatalf("not overridden: %+v", b.Overridden())
	}
}

// What is forced open refuses all calls and says so, and comes back by degrees.
func TestForcedOpenByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		b := newBreaker(t, breaker.Config{NoJitter: true}, breaker.WithObserver(rec))
		do(t, b, 30, nil)
		early := begin(t, b)
		force(t, b, policy.ForceOpen)
		wantState(t, b, breaker.ForcedOpen)
		early.end(errDown)
		for range 100 {
			c, err := try(t, policy.Call{}, b)
			if !errors.Is(err, breaker.ErrOpen) || !strings.Contains(err.Error(), "by an operator") || !c.admission.Call.Notes.Has(policy.NoteOverridden) {
				t.Fatalf("error %v, notes %v", err, c.admission.Call.Notes)
			}
			time.Sleep(time.Second)
		}
		if b.Idle() || b.WouldAdmit() {
			t.Error("it is idle, or would admit a call")
		}
		force(t, b, policy.NoAction)
		wantState(t, b, breaker.HalfOpen)
		if share := b.Snapshot().AdmittedShare; share != 0.1 {
			t.Errorf("share %v; want 0.1", share)
		}
		for range 200 {
			if c, err := try(t, policy.Call{}, b); err == nil {
				c.end(nil)
			} else if strings.Contains(err.Error(), "operator") {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		wantState(t, b, breaker.Closed)
		synctest.Wait()
		want := []string{"closed→forced_open: override", "forced_open→half_open: override", "half_open→closed: recovered"}
		if got := rec.steps(); !slices.Equal(got, want) {
			t.Errorf("heard %v; want %v", got, want)
		}
	})
}

// Where the dependency is still down, the circuit is open again after few calls, and probes
// as in an outage that began when it was forced.
func TestForcedOpenThatEndsTooSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{NoJitter: true})
		for range 100 {
			do(t, b, 1, nil)
			time.Sleep(10 * time.Millisecond)
		}
		force(t, b, policy.ForceOpen)
		for range 6000 {
			wantRefused(t, b)
			time.Sleep(10 * time.Millisecond)
		}
		force(t, b, policy.NoAction)
		sent := 0
		for range 1000 {
			if c, err := try(t, policy.Call{}, b); err == nil {
				sent++
				c.end(errDown)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if sent > 20 {
			t.Errorf("%d of 1000 calls were sent to what is down", sent)
		}
		wantState(t, b, breaker.Open)
		time.Sleep(3 * time.Second)
		do(t, b, 1, nil) // a probe is due
		wantState(t, b, breaker.HalfOpen)
	})
}

// What is forced closed refuses nothing, and goes on judging.
func TestForcedClosedByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{})
		wantRefused(t, b)
		force(t, b, policy.ForceClosed)
		c, err := try(t, policy.Call{}, b)
		if err != nil || !c.admission.Call.Notes.Has(policy.NoteOverridden|policy.NoteShadowed) {
			t.Fatalf("error %v, notes %v; want a call that passes because of the operator", err, c.admission.Call.Notes)
		}
		c.end(errDown)
		wantState(t, b, breaker.Open)
		if s := b.Snapshot(); s.Rejected != 2 || s.Mode != breaker.Shadow {
			t.Errorf("%+v; want two that were or would have been refused", s)
		}
		force(t, b, policy.NoAction)
		wantRefused(t, b)

		force(t, b, policy.ForceClosed)
		probeDue(b)
		do(t, b, 1, nil)
		force(t, b, policy.NoAction)
		wantState(t, b, breaker.Closed)
	})
}

func TestDisabledByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{})
		force(t, b, policy.Disable)
		wantState(t, b, breaker.Disabled)
		for range 100 {
			c, err := try(t, policy.Call{}, b)
			if err != nil || !c.admission.Call.Notes.Has(policy.NoteOverridden) {
				t.Fatalf("error %v, notes %v", err, c.admission.Call.Notes)
			}
			c.end(errDown)
		}
		force(t, b, policy.NoAction)
		wantState(t, b, breaker.Closed)
		do(t, b, inARow-1, errDown)
		wantState(t, b, breaker.Closed) // nothing is known of before
	})
}

// Overrides take precedence over the configuration, which goes on changing beneath them.
func TestConfigurationBeneathAnOverride(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{Mode: breaker.AlwaysOpen})
		force(t, b, policy.Disable)
		wantState(t, b, breaker.Disabled)
		if err := b.SetMode(breaker.AlwaysClosed); err != nil {
			t.Fatal(err)
		}
		force(t, b, policy.ForceOpen)
		wantState(t, b, breaker.ForcedOpen)
		if got := b.Config().Mode; got != breaker.AlwaysClosed {
			t.Errorf("mode %v; want what was configured", got)
		}
		update(t, b, exact(breaker.Config{ConsecutiveFailures: 3}))
		wantState(t, b, breaker.ForcedOpen)
		force(t, b, policy.NoAction)
		wantState(t, b, breaker.Closed)
		do(t, b, 3, errDown)
		wantState(t, b, breaker.Open)

		cfg := b.Config()
		force(t, b, policy.ForceClosed)
		update(t, b, cfg)
		force(t, b, policy.NoAction)
		wantRefused(t, b)

		forcedByRule := newBreaker(t, breaker.Config{Mode: breaker.AlwaysClosed})
		force(t, forcedByRule, policy.Disable)
		do(t, forcedByRule, 1, nil)
		force(t, forcedByRule, policy.NoAction)
		if c, err := try(t, policy.Call{}, forcedByRule); err != nil || c.admission.Call.Notes != 0 {
			t.Errorf("error %v, notes %v; want nothing by hand", err, c.admission.Call.Notes)
		}
	})
}

func TestOverrideThatBreakersDoNotKnow(t *testing.T) {
	t.Parallel()
	b := newBreaker(t, breaker.Config{})
	for _, d := range []policy.Directive{{Action: policy.SetPlaces, Places: 3}, {Action: 99}, {Action: policy.ForceOpen, Places: 1}, {Places: 1}} {
		if b.Override(d) || b.Overridden() != (policy.Directive{}) {
			t.Errorf("%+v was taken", d)
		}
	}
}

// A circuit that is tripped recovers by itself, however it stood.
func TestTrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		b := newBreaker(t, exact(breaker.Config{SlowStart: time.Second}), breaker.WithObserver(rec))
		if !b.Trip() || b.Trip() {
			t.Fatal("a circuit trips once")
		}
		wantRefused(t, b)
		update(t, b, exact(breaker.Config{ConsecutiveFailures: breaker.Off, SlowStart: time.Second}))
		wantRefused(t, b) // no change of the configuration has to do with it
		probeDue(b)
		do(t, b, 1, nil)
		wantState(t, b, breaker.HalfOpen)
		if !b.Trip() {
			t.Fatal("a half-open circuit does not trip")
		}
		wantRefused(t, b)
		probeDue(b)
		do(t, b, 1, nil)
		time.Sleep(2 * time.Second)
		do(t, b, 1, nil)
		wantState(t, b, breaker.Closed)
		for _, a := range []policy.Action{policy.ForceOpen, policy.Disable} {
			force(t, b, a)
			if b.Trip() {
				t.Errorf("it trips under %v", a)
			}
		}
		if got := rec.steps(); got[0] != "closed→open: trip" {
			t.Errorf("heard %v", got)
		}
	})
}

// A reset circuit has forgotten its window, its outage and what it had learned.
func TestReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, exact(breaker.Config{}))
		for range 100 {
			c := begin(t, b)
			time.Sleep(10 * time.Millisecond)
			c.end(nil)
		}
		if b.Snapshot().Usual == 0 {
			t.Fatal("nothing was learned")
		}
		early := begin(t, b)
		failUntilOpen(t, b)
		wantRefused(t, b)
		b.Reset()
		early.end(errDown)
		s := b.Snapshot()
		if s.State != breaker.Closed || s.Calls != 0 || s.ConsecutiveFailures != 0 || s.Usual != 0 || s.Recent != 0 || s.Rejected != 1 {
			t.Errorf("%+v; want a circuit that knows nothing, and the count of refusals", s)
		}
		do(t, b, inARow-1, errDown)
		wantState(t, b, breaker.Closed)
		do(t, b, 1, errDown)
		wantState(t, b, breaker.Open)

		force(t, b, policy.ForceOpen)
		b.Reset()
		wantState(t, b, breaker.ForcedOpen)
	})
}

// Overrides, trips and resets at once with calls: nothing is lost, and it works afterwards.
func TestSteeredByManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		done := make(chan struct{})
		var calls sync.WaitGroup
		for range 4 {
			calls.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						if c, err := try(t, policy.Call{}, b); err == nil {
							time.Sleep(time.Millisecond)
							c.end(nil)
						} else {
							time.Sleep(time.Millisecond)
						}
					}
				}
			})
		}
		for range 100 {
			for _, a := range policy.Actions() {
				b.Override(policy.Directive{Action: a})
				b.Trip()
				time.Sleep(time.Millisecond)
				b.Reset()
			}
		}
		force(t, b, policy.NoAction)
		b.Reset()
		close(done)
		calls.Wait()
		do(t, b, 5, nil)
		wantState(t, b, breaker.Closed)
	})
}
