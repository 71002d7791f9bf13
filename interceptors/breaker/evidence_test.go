package breaker_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A dependency that answers a useful share of its calls goes on being asked, at any rate,
// however long a run of failures chance makes. With two calls a second the window holds so
// few that chance may deceive it, which costs next to nothing.
func TestChanceOpensNothing(t *testing.T) {
	t.Parallel()
	for _, failing := range []int{5, 30, 50, 60} {
		for _, rate := range []int{2, 20, 1000} {
			t.Run(fmt.Sprint(failing, " % at ", rate), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(uint64(failing), uint64(rate+1)))
					b := newBreaker(t, breaker.Config{})
					for range 20_000 {
						var err error
						if rnd.IntN(100) < failing {
							err = errDown
						}
						if c, refused := try(t, policy.Call{}, b); refused == nil {
							c.end(err)
						}
						time.Sleep(time.Second / time.Duration(rate))
					}
					most := uint64(0)
					if rate == 2 && failing > 50 {
						most = 500
					}
					if got := b.Snapshot().Rejected; got > most {
						t.Errorf("%d calls were refused", got)
					}
				})
			})
		}
	}
}

// The controls: what answers nothing is cut off, by fewer calls the better it was before.
func TestOutageOpens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		good, failed int // before
		pause        time.Duration
		want         int
	}{
		{"nothing known", 0, 0, 0, 15},
		{"healthy", 100, 0, 0, 8},
		{"half of the calls failed", 100, 100, 0, 26},
		{"rarer than the window remembers", 0, 0, 20 * time.Second, 24},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(t, breaker.Config{})
				for i := range max(tt.good, tt.failed) {
					if i < tt.failed {
						do(t, b, 1, errDown)
					}
					if i < tt.good {
						do(t, b, 1, nil)
					}
				}
				n := 0
				for ; b.State() == breaker.Closed && n < 100; n++ {
					do(t, b, 1, errDown)
					time.Sleep(tt.pause)
				}
				if n != tt.want {
					t.Errorf("opened after %d failures; want %d", n, tt.want)
				}
			})
		})
	}
}

// Nine of ten calls fail, and never many in a row: they are opened by their share, and
// those of which eight of ten fail are not.
func TestUselessShareOpens(t *testing.T) {
	t.Parallel()
	for failing, want := range map[int]breaker.State{8: breaker.Closed, 9: breaker.Open} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, exact(breaker.Config{ConsecutiveFailures: breaker.Off}))
			for range 100 {
				if b.State() != breaker.Closed {
					break
				}
				do(t, b, 10-failing, nil)
				for range failing {
					if b.State() == breaker.Closed {
						do(t, b, 1, errDown)
					}
				}
			}
			wantState(t, b, want)
		})
	}
}

// What was in flight when the last answer came, and fails, may be one event: only calls
// that started since are one failure after the other.
func TestFailuresOfOneMomentAreNoRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		for range 1000 {
			do(t, b, 1, nil)
			time.Sleep(5 * time.Millisecond)
		}
		at := make([]*inFlight, 50)
		for i := range at {
			at[i] = begin(t, b)
		}
		time.Sleep(5 * time.Millisecond)
		do(t, b, 1, nil)
		for _, c := range at {
			c.end(errDown)
		}
		wantState(t, b, breaker.Closed)
		time.Sleep(5 * time.Millisecond)
		failUntilOpen(t, b) // the control
	})
}

// healthyFor has a method answer in 15 ms, every 5 ms, so that its time is known.
func healthyFor(tb testing.TB, b *breaker.Breaker, d time.Duration) {
	tb.Helper()
	var flying []*inFlight
	for range d / (5 * time.Millisecond) {
		flying = append(flying, begin(tb, b))
		time.Sleep(5 * time.Millisecond)
		if len(flying) > 2 {
			flying[0].end(nil)
			flying = flying[1:]
		}
	}
	for _, c := range flying {
		c.end(nil)
	}
}

// Where nothing is answered for longer than calls usually take, the dependency hangs:
// nobody set a time, and no call has ended.
func TestLearnedHangIsSeenInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		healthyFor(t, b, 10*time.Second)
		if got := b.Snapshot().Usual; got < 8*time.Millisecond || got > 25*time.Millisecond {
			t.Fatalf("calls usually take %v; want about 15ms", got)
		}
		n := 0
		for ; b.State() != breaker.Open && n < 100; n++ {
			if _, err := try(t, policy.Call{Deadline: time.Now().Add(200 * time.Millisecond)}, b); err != nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if n > 25 {
			t.Errorf("opened after %d calls that hang; want 25 at most", n)
		}
		wantState(t, b, breaker.Open)
	})
}

// Who has something else is spared the wait as soon as a silence is longer than usual.
func TestSilenceSparesWhoHasSomethingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		healthyFor(t, b, 10*time.Second)
		deadline := func() policy.Call { return policy.Call{Deadline: time.Now().Add(5 * time.Second)} }
		n := 0
		for ; b.State() == breaker.Closed && n < 100; n++ {
			_ = begin(t, b)
			time.Sleep(5 * time.Millisecond)
		}
		if n > 20 {
			t.Errorf("slow after %d calls that hang; want 20 at most", n)
		}
		wantState(t, b, breaker.Slow)
		if _, err := b.Acquire(policy.WithAlternative(t.Context()), new(deadline())); !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("a call with an alternative: %v; want it refused", err)
		}
		if _, err := try(t, deadline(), b); err != nil {
			t.Errorf("a call without: %v", err)
		}
	})
}

// Silence that was none: the answers come, only later. Callers who have time for that lose
// none of them. Where they have little, the circuit may open, and closes at the first
// answer; it is not opened again for what it has just learned.
func TestSilenceThatEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		has  time.Duration
		lost int
		want string
	}{
		{250 * time.Millisecond, 25, "[closed→slow: overdue slow→open: overdue open→closed: answered closed→slow: slow_ratio]"},
		{time.Second, 0, "[closed→slow: overdue]"},
		{0, 0, "[closed→slow: overdue]"},
	} {
		t.Run(tt.has.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { silenceThatEnds(t, tt.has, tt.lost, tt.want) })
		})
	}
}

// silenceThatEnds slows calls to 200 ms, whose callers have some time, none set if zero.
func silenceThatEnds(t *testing.T, has time.Duration, most int, want string) {
	t.Helper()
	rec := &recorder{}
	b := newBreaker(t, breaker.Config{}, breaker.WithObserver(rec))
	healthyFor(t, b, 10*time.Second)
	var all []*inFlight
	lost := 0
	for i := range 400 {
		call := policy.Call{}
		if has > 0 {
			call.Deadline = time.Now().Add(has)
		}
		c, err := try(t, call, b)
		if err != nil {
			lost++
		}
		all = append(all, c)
		time.Sleep(5 * time.Millisecond)
		if i >= 40 {
			if all[0] != nil {
				all[0].end(nil)
			}
			all = all[1:]
		}
	}
	if got := fmt.Sprint(rec.steps()); got != want {
		t.Errorf("transitions %s; want %s", got, want)
	}
	if lost > most {
		t.Errorf("%d calls refused; want %d at most", lost, most)
	}
	wantState(t, b, breaker.Slow)
}

// A slow answer is an answer: a dependency that was slow before it fails is cut off by the
// same evidence as one that was fast.
func TestFailsAfterSlowness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		healthyFor(t, b, 10*time.Second)
		for range 40 {
			take(t, b, 5, 90*time.Millisecond, nil)
		}
		wantState(t, b, breaker.Slow)
		n := 0
		for ; b.State() == breaker.Slow && n < 100; n++ {
			take(t, b, 1, 5*time.Millisecond, errDown)
		}
		if n > 12 {
			t.Errorf("opened after %d failures; want 12 at most", n)
		}
		wantState(t, b, breaker.Open)
	})
}

// Learned slowness refuses only callers who have something else. All others go on to be
// answered, and once answers are fast again nobody is refused.
func TestLearnedSlowness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		healthyFor(t, b, 10*time.Second)
		slow := func(n int) {
			for range n {
				take(t, b, 5, 90*time.Millisecond, nil)
			}
		}
		slow(40)
		wantState(t, b, breaker.Slow)
		with := policy.WithAlternative(t.Context())
		refused := 0
		for range 50 {
			slow(1) // who has nothing else is answered
			call := &policy.Call{Method: method}
			p, err := b.Acquire(with, call)
			if err != nil {
				refused++
				continue
			}
			time.Sleep(90 * time.Millisecond)
			p.Settler.Settle(p.Token, &policy.Outcome{Started: call.Begin, End: policy.Now()})
		}
		if refused < 40 {
			t.Errorf("%d of 50 callers who had something else were refused; want nearly all", refused)
		}
		if got := b.Snapshot(); got.State != breaker.Slow || got.Usual > 20*time.Millisecond {
			t.Errorf("%+v; want it slow, and what is usual unchanged", got)
		}
		take(t, b, 1, 10*time.Millisecond, nil)
		take(t, b, 1, 10*time.Millisecond, nil)
		take(t, b, 1, 10*time.Millisecond, nil)
		wantState(t, b, breaker.Closed)
		if _, err := b.Acquire(with, &policy.Call{Method: method}); err != nil {
			t.Error(err)
		}
	})
}

// With SlowRatio set by hand, what was learned decides for all.
func TestLearnedSlownessByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{SlowRatio: 0.2})
		healthyFor(t, b, 10*time.Second)
		for n := 0; b.State() == breaker.Closed; n++ {
			take(t, b, 1, 90*time.Millisecond, nil)
			if n > 500 {
				t.Fatal("still closed")
			}
		}
		wantState(t, b, breaker.Open)
	})
}

// Switched off, nothing is judged by time.
func TestLearningOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{SlowAfter: breaker.Off})
		healthyFor(t, b, 10*time.Second)
		for range 200 {
			begin(t, b)
			time.Sleep(5 * time.Millisecond)
		}
		wantState(t, b, breaker.Closed)
	})
}

// What creeps is followed slowly, and shown.
func TestWhatIsNotFollowedIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		for range 1200 { // freely, for the first ten minutes
			take(t, b, 1, 10*time.Millisecond, nil)
			time.Sleep(500 * time.Millisecond)
		}
		was := b.Snapshot()
		if was.Usual == 0 || was.Recent != was.Usual {
			t.Fatalf("usual %v, recent %v; want both known and the same", was.Usual, was.Recent)
		}
		for range 600 {
			take(t, b, 1, 25*time.Millisecond, nil)
			time.Sleep(500 * time.Millisecond)
		}
		got := b.Snapshot()
		if got.Recent < 20*time.Millisecond || got.Usual > 2*got.Recent/3 || got.Usual <= was.Usual {
			t.Errorf("usual %v, recent %v after five minutes; want the first to follow slowly", got.Usual, got.Recent)
		}
	})
}

// A fault of the first seconds is not what is usual: it ends, and is not missed.
func TestCallsThatAreSlowAreNotLearned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(t, breaker.Config{})
		healthyFor(t, b, time.Second)
		usual := b.Snapshot().Usual
		for range 300 {
			take(t, b, 2, 90*time.Millisecond, nil)
		}
		if got := b.Snapshot().Usual; got > 2*usual {
			t.Errorf("calls usually take %v after half a minute of slow ones, %v before", got, usual)
		}
	})
}

// Calls that are in flight for ever, as long polls are, do not come round in the ring.
func TestCallsInFlightForLongAreNoEvidence(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, slowAfter} {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, breaker.Config{SlowAfter: after})
			healthyFor(t, b, 10*time.Second)
			polls := make([]*inFlight, 0, 40)
			for range 40 {
				polls = append(polls, begin(t, b))
				healthyFor(t, b, slowAfter)
			}
			healthyFor(t, b, 30*time.Second)
			wantState(t, b, breaker.Closed)
			if got := b.Snapshot().Overdue; got != len(polls) {
				t.Errorf("%d overdue; want the %d long polls", got, len(polls))
			}
			for _, c := range polls {
				c.end(errCanceled)
			}
			if got := b.Snapshot().Overdue; got != 0 {
				t.Errorf("%d overdue; want none", got)
			}
		})
	}
}
