package ratelimit_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

// asks starts so many attempts, one after the other.
func asks(ctx context.Context, l *ratelimit.Limiter, n int) []*attempt {
	var attempts []*attempt
	for range n {
		attempts = append(attempts, ask(ctx, l))
	}
	return attempts
}

// Those who wait are served in order, each the moment there is a token.
func TestInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := emptied(t, patient())
		attempts := asks(t.Context(), l, 4)
		wantCounts(t, l, 0, 4)
		time.Sleep(2500 * time.Millisecond)
		wantServed(t, attempts[:2], time.Second, 2*time.Second)
		wantWaiting(t, attempts[2:]...)
		wantCounts(t, l, 0.5, 2)
		time.Sleep(1500 * time.Millisecond)
		wantServed(t, attempts[2:], 3*time.Second, 4*time.Second)
		if at := attempts[3].over(t).call.Begin; at != policy.Now() {
			t.Errorf("Begin = %v; want the instant after the wait, %v", at, policy.Now())
		}
		wantCounts(t, l, 0, 0)
	})
}

// A newcomer does not overtake, even at the instant at which a token comes.
func TestNobodyOvertakes(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			l := emptied(t, patient())
			first := ask(t.Context(), l)
			time.Sleep(time.Second)
			second := ask(t.Context(), l)
			wantServed(t, []*attempt{first}, time.Second)
			wantWaiting(t, second)
			time.Sleep(time.Second)
			wantServed(t, []*attempt{second}, time.Second)
		})
	}
}

// A wait of exactly MaxWait is allowed, one a little longer is refused at once.
func TestMaxWait(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			l := emptied(t, ratelimit.Config{PerSecond: 1, Burst: 1, MaxWait: 2 * time.Second})
			attempts := asks(t.Context(), l, 2)
			_, err := l.Acquire(t.Context(), new(call()))
			wantRefused(t, err, ratelimit.ErrLimited, 3*time.Second)
			time.Sleep(2 * time.Second)
			wantServed(t, attempts, time.Second, 2*time.Second)
		})
	}
}

// Nobody waits for a turn that comes at the deadline or later.
func TestDeadline(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		left time.Duration
		// want is the refusal. Nil: the call waits and is served.
		want error
	}{
		{"before the turn", time.Second - 1, ratelimit.ErrDeadline},
		{"at the turn", time.Second, ratelimit.ErrDeadline},
		{"after the turn", time.Second + 1, nil},
		{"passed", -time.Second, ratelimit.ErrDeadline},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := emptied(t, patient())
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				a := ask(ctx, l)
				if tt.want == nil {
					time.Sleep(time.Second)
					wantServed(t, []*attempt{a}, time.Second)
					return
				}
				r := a.over(t)
				retry := time.Second
				if tt.left < 0 {
					retry = -1
				}
				wantRefused(t, r.err, tt.want, retry)
				if r.after != 0 {
					t.Errorf("refused after %v; want at once", r.after)
				}
				wantCounts(t, l, 0, 0)
			})
		})
	}
}

// Where MaxWait would not allow the wait either, the rate is to blame.
func TestRateBeforeDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := emptied(t, ratelimit.Config{PerSecond: 1, Burst: 1, MaxWait: time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		_, err := l.Acquire(ctx, new(call()))
		wantRefused(t, err, ratelimit.ErrLimited, time.Second)
	})
}

// Whoever gives up gives all back: those behind move up, and no token is lost.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// leave is who gives up, of four.
		leave []int
		// served is when the others are served.
		served []time.Duration
	}{
		{"nobody", nil, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}},
		{"the first", []int{0}, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}},
		{"in the middle", []int{1, 2}, []time.Duration{time.Second, 2 * time.Second}},
		{"the last", []int{3}, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}},
		{"all", []int{2, 0, 3, 1}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := emptied(t, patient())
				var attempts []*attempt
				var cancels []context.CancelFunc
				for range 4 {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					attempts, cancels = append(attempts, ask(ctx, l)), append(cancels, cancel)
				}
				time.Sleep(time.Second / 2)
				left := map[*attempt]bool{}
				for _, i := range tt.leave {
					cancels[i]()
					r := attempts[i].over(t)
					wantRefused(t, r.err, ratelimit.ErrCancelled, -1)
					if r.call.Waited != r.after {
						t.Errorf("waited %v, told %v", r.after, r.call.Waited)
					}
					left[attempts[i]] = true
				}
				var stayed []*attempt
				for _, a := range attempts {
					if !left[a] {
						stayed = append(stayed, a)
					}
				}
				time.Sleep(time.Minute)
				wantServed(t, stayed, tt.served...)
				wantCounts(t, l, 1, 0)
			})
		})
	}
}

// A policy further out that ends the call in time is a deadline, no cancel.
func TestEndedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := emptied(t, patient())
		ctx, end := context.WithCancelCause(t.Context())
		a := ask(ctx, l)
		end(status.Error(codes.DeadlineExceeded, "overstayed"))
		r := a.over(t)
		wantRefused(t, r.err, ratelimit.ErrDeadline, -1)
	})
}

// Cancelled at the very instant of its turn, a call is either served or has
// taken nothing.
func TestGivingUpAtTheTurn(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			l := emptied(t, patient())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			a, b := ask(ctx, l), ask(t.Context(), l)
			time.AfterFunc(time.Second, cancel)
			time.Sleep(time.Second)
			if a.over(t).err == nil {
				wantWaiting(t, b)
				time.Sleep(time.Second)
				wantServed(t, []*attempt{b}, 2*time.Second)
				return
			}
			wantServed(t, []*attempt{b}, time.Second)
		})
	}
}

// An update applies to those who wait, too, and keeps the tokens there are.
func TestUpdate(t *testing.T) {
	t.Parallel()
	const slow = 0.1
	tests := []struct {
		name string
		cfg  ratelimit.Config
		// served is when the first two who wait, after half a second, are served
		// if all goes on. Zero: refused when their MaxWait of 5s is over.
		served [2]time.Duration
	}{
		{"same", ratelimit.Config{PerSecond: 1, Burst: 1, MaxWait: 5 * time.Second}, [2]time.Duration{time.Second, 2 * time.Second}},
		{"faster", ratelimit.Config{PerSecond: 2, Burst: 1, MaxWait: 5 * time.Second}, [2]time.Duration{750 * time.Millisecond, 1250 * time.Millisecond}},
		{"less patient", ratelimit.Config{PerSecond: 1, Burst: 1}, [2]time.Duration{time.Second, 2 * time.Second}},
		{"slower", ratelimit.Config{PerSecond: 0.125, Burst: 1}, [2]time.Duration{4500 * time.Millisecond, 0}},
		{"much slower", ratelimit.Config{PerSecond: slow, Burst: 1}, [2]time.Duration{}},
		{"least", ratelimit.Config{PerSecond: 0.000001, Burst: 1}, [2]time.Duration{}},
		{"larger burst", ratelimit.Config{PerSecond: 1, Burst: 100}, [2]time.Duration{time.Second, 2 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := emptied(t, ratelimit.Config{PerSecond: 1, Burst: 1, MaxWait: 5 * time.Second})
				attempts := asks(t.Context(), l, 2)
				time.Sleep(time.Second / 2)
				if err := l.Update(tt.cfg); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				for i, a := range attempts {
					if tt.served[i] > 0 {
						wantServed(t, []*attempt{a}, tt.served[i])
						continue
					}
					r := a.over(t)
					wantError(t, r.err, ratelimit.ErrLimited)
					if r.after != 5*time.Second {
						t.Errorf("refused after %v; want after its MaxWait", r.after)
					}
				}
			})
		})
	}
}

// Tokens that are there stay, up to the new burst.
func TestUpdateKeepsTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{PerSecond: 1, Burst: 10})
		for range 4 {
			take(t, l)
		}
		for _, tt := range []struct {
			cfg  ratelimit.Config
			want float64
		}{
			{ratelimit.Config{PerSecond: 100, Burst: 10}, 6},
			{ratelimit.Config{PerSecond: 100, Burst: 100}, 6},
			{ratelimit.Config{PerSecond: 1, Burst: 3}, 3},
			{ratelimit.Config{PerSecond: 1, Burst: 10}, 3},
		} {
			if err := l.Update(tt.cfg); err != nil {
				t.Fatal(err)
			}
			wantCounts(t, l, tt.want, 0)
		}
	})
}

// Nothing is left running when all have gone.
func TestNothingLeftRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := emptied(t, patient())
		ctx, cancel := context.WithCancel(t.Context())
		attempts := asks(ctx, l, 100)
		cancel()
		for _, a := range attempts {
			r := a.over(t)
			wantRefused(t, r.err, ratelimit.ErrCancelled, -1)
		}
		wantCounts(t, l, 0, 0)
		// A timer left behind would keep the limiter from other bubbles.
		last := ask(t.Context(), l)
		time.Sleep(time.Second)
		wantServed(t, []*attempt{last}, time.Second)
	})
}

// A deadline in centuries is time enough to wait for a token, and one that is centuries
// ago is none.
func TestFarDeadlines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deadline func(now time.Time) time.Time
		waits    bool
	}{
		"the longest duration": {func(now time.Time) time.Time { return now.Add(math.MaxInt64) }, true},
		"beyond it":            {func(now time.Time) time.Time { return now.AddDate(7000, 0, 0) }, true},
		"a nanosecond":         {func(now time.Time) time.Time { return now.Add(1) }, false},
		"before all durations": {func(now time.Time) time.Time { return now.AddDate(-1900, 0, 0) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := emptied(t, patient())
				a := ask(dueAt{t.Context(), tt.deadline(time.Now())}, l)
				if !tt.waits {
					wantRefused(t, a.over(t).err, ratelimit.ErrDeadline, time.Second)
					return
				}
				wantWaiting(t, a)
				time.Sleep(time.Second)
				wantServed(t, []*attempt{a}, time.Second)
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

// The slowest rate that there may be names a time to come back, also where many calls
// have taken what is to come.
func TestTheSlowestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const million = 1_000_000 * time.Second
		cfg := ratelimit.Config{PerSecond: 0.000001, Burst: 1, MaxWait: time.Hour}
		l := emptied(t, cfg)
		wantRefused(t, ask(t.Context(), l).over(t).err, ratelimit.ErrLimited, million)
		if err := l.Update(ratelimit.Config{PerSecond: 1_000_000_000, Burst: 1_000_000_000}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * 365 * 24 * time.Hour)
		if got := l.Snapshot().Tokens; got != 1_000_000_000 {
			t.Errorf("%v tokens after two centuries; want the burst", got)
		}
	})
}
