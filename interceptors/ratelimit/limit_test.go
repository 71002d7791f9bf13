package ratelimit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

// A full bucket is a burst; then calls come at the rate. A refusal says when,
// and means it.
func TestBurstThenRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{PerSecond: 10, Burst: 3})
		for range 3 {
			take(t, l)
		}
		for range 5 {
			for range 3 {
				_, err := l.Acquire(t.Context(), new(call()))
				wantRefused(t, err, ratelimit.ErrLimited, 100*time.Millisecond)
			}
			time.Sleep(100*time.Millisecond - time.Microsecond)
			_, err := l.Acquire(t.Context(), new(call()))
			wantRefused(t, err, ratelimit.ErrLimited, time.Microsecond)
			time.Sleep(time.Microsecond)
			take(t, l)
		}
		time.Sleep(time.Hour)
		wantCounts(t, l, 3, 0)
	})
}

// What a refused caller is told, with codes and details.
func TestRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, patient(), ratelimit.WithName("quota"))
		take(t, l)
		limited := emptied(t, ratelimit.Config{PerSecond: 1, Burst: 1})
		near, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		for _, tt := range []struct {
			l      *ratelimit.Limiter
			ctx    context.Context
			want   error
			code   codes.Code
			reason policy.Reason
			text   string
		}{
			{
				limited, t.Context(), ratelimit.ErrLimited, codes.ResourceExhausted, policy.ReasonRateLimited,
				"ratelimit: no token: " + method + ", retry in 1s",
			},
			{
				l, near, ratelimit.ErrDeadline, codes.DeadlineExceeded, policy.ReasonDeadlineTooNear,
				"ratelimit: deadline before the next token: " + method + " (quota), retry in 1s",
			},
			{
				l, cancelled, ratelimit.ErrCancelled, codes.Canceled, policy.ReasonCancelled,
				"ratelimit: cancelled: " + method + " (quota)",
			},
		} {
			_, err := tt.l.Acquire(tt.ctx, new(call()))
			if !errors.Is(err, tt.want) || status.Code(err) != tt.code || err.Error() != tt.text {
				t.Errorf("err = %v (%v); want %s (%v)", err, status.Code(err), tt.text, tt.code)
			}
			if got := policy.ReasonOf(status.Convert(err).Err()); got != tt.reason {
				t.Errorf("reason = %q; want %q", got, tt.reason)
			}
			if v := policy.Classify(err); v != policy.Ignored {
				t.Errorf("the verdict on %v is %v; want ignored", err, v)
			}
		}
	})
}

// A refusal takes nothing, however many there are.
func TestRefusalsTakeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := emptied(t, ratelimit.Config{PerSecond: 1, Burst: 1, MaxWait: time.Millisecond})
		near, stop := context.WithTimeout(t.Context(), time.Microsecond)
		defer stop()
		for range 1000 {
			_, err := l.Acquire(t.Context(), new(call()))
			wantRefused(t, err, ratelimit.ErrLimited, time.Second)
			_, err = l.Acquire(near, new(call()))
			wantRefused(t, err, ratelimit.ErrLimited, time.Second)
		}
		time.Sleep(time.Second)
		take(t, l)
	})
}

// Nor does a call that is over before it began, even if there are tokens.
func TestDoneContextTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, patient())
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		expired, stop := context.WithTimeout(t.Context(), -1)
		defer stop()
		// A timeout policy ends a stream in time with a cause that is a status.
		ended, end := context.WithCancelCause(t.Context())
		end(status.Error(codes.DeadlineExceeded, "overstayed"))
		for _, tt := range []struct {
			ctx  context.Context
			want error
		}{
			{cancelled, ratelimit.ErrCancelled},
			{expired, ratelimit.ErrDeadline},
			{ended, ratelimit.ErrDeadline},
		} {
			_, err := l.Acquire(tt.ctx, new(call()))
			wantRefused(t, err, tt.want, -1)
		}
		wantCounts(t, l, 1, 0)
	})
}

// A random walk against a model in whole numbers.
func TestWalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		const perSecond, burst = 8, 5
		const token = time.Second / perSecond
		l := newLimiter(t, ratelimit.Config{PerSecond: perSecond, Burst: burst})
		filled := burst * token // of the model, as the time it took
		for step := range 20_000 {
			pause := time.Duration(random.IntN(8)) * token / 4
			if random.IntN(100) == 0 {
				pause = time.Minute
			}
			time.Sleep(pause)
			filled = min(filled+pause, burst*token)
			_, err := l.Acquire(t.Context(), new(call()))
			if admitted, want := err == nil, filled >= token; admitted != want {
				t.Fatalf("seed %d, step %d: admitted = %v; want %v", seed, step, admitted, want)
			}
			if err == nil {
				filled -= token
			} else {
				wantError(t, err, ratelimit.ErrLimited)
			}
		}
	})
}

// Many at once never get more than the burst and what comes in the time.
func TestNeverTooMany(t *testing.T) {
	t.Parallel()
	for _, maxWait := range []time.Duration{0, 50 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const perSecond, burst, callers, calls = 100, 7, 16, 200
			l := newLimiter(t, ratelimit.Config{PerSecond: perSecond, Burst: burst, MaxWait: maxWait})
			var mu sync.Mutex
			var admitted []time.Time
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for range calls {
						time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(60))*time.Millisecond)
						if _, err := l.Acquire(ctx, new(call())); err == nil {
							mu.Lock()
							admitted = append(admitted, time.Now())
							mu.Unlock()
						}
						cancel()
					}
				})
			}
			wg.Wait()
			if len(admitted) < callers {
				t.Fatalf("%d calls admitted; want more for a test", len(admitted))
			}
			for from := range admitted {
				for to := from; to < len(admitted); to++ {
					span := admitted[to].Sub(admitted[from])
					most := burst + int((span+time.Nanosecond).Seconds()*perSecond+1e-6)
					if n := to - from + 1; n > most {
						t.Fatalf("%d calls within %v; want at most %d", n, span, most)
					}
				}
			}
			time.Sleep(time.Hour)
			if !l.Idle() {
				t.Error("after an hour of rest the limiter is not idle")
			}
		})
	}
}

// A clock that was read by another policy long ago must not bring tokens twice.
func TestStaleInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{PerSecond: 1, Burst: 2})
		take(t, l)
		stale := call()
		stale.Begin = policy.Now().Add(-time.Hour)
		if _, err := l.Acquire(t.Context(), &stale); err != nil {
			t.Fatal(err)
		}
		_, err := l.Acquire(t.Context(), new(call()))
		wantRefused(t, err, ratelimit.ErrLimited, time.Second)
	})
}

func TestIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{PerSecond: 2, Burst: 2, MaxWait: time.Minute})
		check := func(when string, want bool) {
			if got := l.Idle(); got != want {
				t.Errorf("%s Idle() = %v; want %v", when, got, want)
			}
		}
		check("new,", true)
		take(t, l)
		check("one token short,", false)
		time.Sleep(500*time.Millisecond - 1)
		check("nearly full,", false)
		time.Sleep(time.Nanosecond)
		check("full,", true)
		take(t, l)
		take(t, l)
		a := ask(t.Context(), l)
		check("with a waiter,", false)
		time.Sleep(2 * time.Second)
		a.over(t)
		check("at rest,", true)
	})
}
