package bulkhead_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// busy returns a bulkhead whose places are all taken, after it saw calls hold
// one for these times while somebody waited. Nobody waits any more.
func busy(t *testing.T, cfg bulkhead.Config, holds ...time.Duration) (*bulkhead.Bulkhead, []policy.Permit) {
	t.Helper()
	b := newBulkhead(t, cfg)
	var held []policy.Permit
	for range cfg.MaxConcurrent {
		held = append(held, take(t, b))
	}
	for i, hold := range holds {
		place := i % len(held)
		a := ask(context.Background(), b)
		giveBackAfter(held[place], hold)
		synctest.Wait()
		held[place] = wantAdmitted(t, a, 0)
	}
	return b, held
}

// times returns n holds of one length.
func times(n int, hold time.Duration) []time.Duration {
	holds := make([]time.Duration, n)
	for i := range holds {
		holds[i] = hold
	}
	return holds
}

// askWithin starts an attempt with a deadline.
func askWithin(t *testing.T, b *bulkhead.Bulkhead, left time.Duration) *attempt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), left)
	t.Cleanup(cancel)
	return ask(ctx, b)
}

// A call is refused at once if its deadline is less than
// (ahead + 1) / MaxConcurrent × mean hold time away.
func TestRefusedForDeadline(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := []struct {
		name   string
		places int
		holds  []time.Duration
		ahead  int
		// least is the shortest deadline that may wait.
		least time.Duration
	}{
		{name: "first in line", places: 1, holds: times(8, 100*ms), least: 100 * ms},
		{name: "of two places", places: 2, holds: times(8, 100*ms), least: 50 * ms},
		{name: "fourth in line", places: 2, holds: times(8, 100*ms), ahead: 3, least: 200 * ms},
		{name: "rounded up", places: 3, holds: times(8, 100), ahead: 1, least: 67},
		{name: "mean", places: 1, holds: append(times(6, 50*ms), times(2, 250*ms)...), least: 100 * ms},
		{name: "of the last 32", places: 1, holds: append(times(9, time.Hour), times(32, 10*ms)...), least: 10 * ms},
		{
			name: "of the last 32, one before", places: 1,
			holds: append(times(9, 330*ms), times(31, 10*ms)...), least: 20 * ms,
		},
		{name: "too few to tell", places: 1, holds: times(7, time.Hour), least: 1},
		{name: "none to tell", places: 1, least: 1},
		{name: "instant calls", places: 1, holds: times(8, 0), least: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, held := busy(t, queued(tt.places, 100), tt.holds...)
				for range tt.ahead {
					askWithin(t, b, time.Minute)
				}
				if tt.least > 1 {
					early := askWithin(t, b, tt.least-1)
					wantRefused(t, early, bulkhead.ErrDeadline, 0)
					if got := policy.ReasonOf(early.result.Load().err); got != policy.ReasonDeadlineTooNear {
						t.Errorf("reason = %v; want DEADLINE_TOO_NEAR", got)
					}
				}
				wantWaiting(t, askWithin(t, b, tt.least), ask(t.Context(), b))
				wantCounts(t, b, len(held), tt.ahead+2)
			})
		})
	}
}

// Some releases say nothing of the time that a waiter must expect.
func TestNotSampled(t *testing.T) {
	t.Parallel()
	started := policy.Instant(-1)
	ended := started.Add(time.Hour)
	tests := []struct {
		name    string
		outcome policy.Outcome
	}{
		{"not started", policy.Outcome{Verdict: policy.NotStarted, Started: started, End: ended}},
		{"no start", policy.Outcome{End: ended}},
		{"no end", policy.Outcome{Started: started}},
		{"no instants", policy.Outcome{}},
		{"backwards", policy.Outcome{Started: ended, End: started}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, held := busy(t, queued(1, 10), times(7, time.Hour)...)
				a := ask(t.Context(), b)
				held[0].Settler.Settle(held[0].Token, &tt.outcome)
				synctest.Wait()
				wantAdmitted(t, a, 0)
				wantWaiting(t, askWithin(t, b, time.Millisecond))
			})
		})
	}
}

// Calls that end while nobody waits are not counted.
func TestNotSampledWithoutQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 10))
		for range 100 {
			giveBackAfter(take(t, b), time.Hour)
		}
		take(t, b)
		wantWaiting(t, askWithin(t, b, time.Millisecond))
	})
}

// A dependency that was slow once must not have every call with a deadline
// refused for ever, even if such calls are the only ones, so that nobody ever
// waits.
func TestEstimateRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, held := busy(t, queued(1, 10), times(32, time.Hour)...)
		for range 32 {
			wantRefused(t, askWithin(t, b, time.Second), bulkhead.ErrDeadline, 0)
			giveBackAfter(held[0], time.Millisecond)
			held[0] = take(t, b)
		}
		wantWaiting(t, askWithin(t, b, time.Second))
	})
}

// A refusal for the deadline makes a sample of the next release, not of all.
func TestRefusalSamplesOneRelease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, held := busy(t, queued(1, 10), times(8, 100*time.Millisecond)...)
		wantRefused(t, askWithin(t, b, time.Millisecond), bulkhead.ErrDeadline, 0)
		giveBackAfter(held[0], time.Second)
		for range 40 {
			giveBackAfter(take(t, b), time.Hour)
		}
		take(t, b)
		const mean = 200 * time.Millisecond // (8 × 100ms + 1s) / 9
		wantRefused(t, askWithin(t, b, mean-1), bulkhead.ErrDeadline, 0)
		wantWaiting(t, askWithin(t, b, mean))
	})
}

// Products beyond 64 bits must not wrap around (bug 20: integer overflow).
func TestEstimateDoesNotOverflow(t *testing.T) {
	t.Parallel()
	const years = 365 * 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		b, _ := busy(t, queued(1, 100), times(8, 10*years)...)
		for range 50 {
			wantWaiting(t, ask(t.Context(), b))
			wantRefused(t, askWithin(t, b, time.Minute), bulkhead.ErrDeadline, 0)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b, _ := busy(t, queued(1000, 100), times(8, time.Second)...)
		wantWaiting(t, askWithin(t, b, 200*years))
	})
}

// The hold times that the estimate rests on come from real calls too.
func TestEstimateOfRealCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 100))
		run := func() error {
			return policy.Run(t.Context(), b, "call", func(context.Context) error {
				time.Sleep(100 * time.Millisecond)
				return nil
			})
		}
		for range 10 { // one at once; nine wait, so nine are samples
			go func() { _ = run() }()
		}
		synctest.Wait()
		const eighth = 850 * time.Millisecond // two are left
		time.Sleep(eighth)
		wantCounts(t, b, 1, 1)
		wantRefused(t, askWithin(t, b, 199*time.Millisecond), bulkhead.ErrDeadline, 0)
		a := askWithin(t, b, 200*time.Millisecond)
		time.Sleep(time.Second)
		wantAdmitted(t, a, 150*time.Millisecond)
	})
}

// A deadline in centuries is time enough, however long calls have held their places, and
// one that is centuries ago is none.
func TestFarDeadlinesInTheQueue(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deadline func(now time.Time) time.Time
		waits    bool
	}{
		"the longest duration": {func(now time.Time) time.Time { return now.Add(math.MaxInt64) }, true},
		"beyond it":            {func(now time.Time) time.Time { return now.AddDate(7000, 0, 0) }, true},
		"a nanosecond":         {func(now time.Time) time.Time { return now.Add(1) }, false},
		"now":                  {func(now time.Time) time.Time { return now }, false},
		"before all durations": {func(now time.Time) time.Time { return now.AddDate(-1900, 0, 0) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, held := busy(t, queued(1, 100), times(32, 100*365*24*time.Hour)...)
				a := ask(dueAt{t.Context(), tt.deadline(time.Now())}, b)
				if !tt.waits {
					wantRefused(t, a, bulkhead.ErrDeadline, 0)
					giveBack(held[0])
					return
				}
				wantWaiting(t, a)
				giveBack(held[0])
				synctest.Wait()
				giveBack(wantAdmitted(t, a, 0))
			})
		})
	}
}

// dueAt is a context of somebody's own, with a deadline that has not ended it.
type dueAt struct {
	context.Context

	at time.Time
}

func (d dueAt) Deadline() (time.Time, bool) { return d.at, true }
