package ratelimit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func shadow(cfg ratelimit.Config) ratelimit.Config {
	cfg.Shadow = true
	return cfg
}

func wantRejected(tb testing.TB, l *ratelimit.Limiter, want uint64) {
	tb.Helper()
	if got := l.Snapshot().Rejected; got != want {
		tb.Errorf("%d rejected; want %d", got, want)
	}
}

// In shadow every call starts at once, and those are counted that would have been
// refused, as they are without it.
func TestShadowCountsWhatWouldBeRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := ratelimit.Config{PerSecond: 10, Burst: 2, MaxWait: 250 * time.Millisecond}
		refusing, watching := newLimiter(t, cfg), newLimiter(t, shadow(cfg))
		for range 8 {
			ask(t.Context(), refusing)
			take(t, watching)
		}
		wantRejected(t, refusing, 4) // two tokens, and two calls that wait for one
		wantRejected(t, watching, 4)
		time.Sleep(time.Second)
		near, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		for i := range 3 {
			ask(near, refusing)
			asked := new(call())
			_, err := watching.Acquire(near, asked)
			if err != nil || asked.Waited != 0 || (asked.Notes == policy.NoteShadowed) != (i == 2) {
				t.Errorf("Acquire = %v, %+v; want a permit at once, and a note of the third", err, asked)
			}
		}
		wantRejected(t, refusing, 5) // no token before the deadline
		wantRejected(t, watching, 5)
		cancel()
		if _, err := watching.Acquire(near, new(call())); err != nil {
			t.Errorf("a call that was cancelled: %v; want it admitted", err)
		}
	})
}

// Shadow lets go of those who wait.
func TestShadowAdmitsThoseWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := emptied(t, patient())
		first, second := ask(t.Context(), l), ask(t.Context(), l)
		wantWaiting(t, first, second)
		if err := l.Update(shadow(patient())); err != nil {
			t.Fatal(err)
		}
		wantServed(t, []*attempt{first, second}, 0, 0)
		if err := l.Update(patient()); err != nil {
			t.Fatal(err)
		}
		wantWaiting(t, ask(t.Context(), l))
		time.Sleep(time.Minute)
	})
}

// A limiter keeps its tokens when the rules change, unless its name does.
func TestLimitersGoOnWhenRulesChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		with := func(cfg ratelimit.Config, opts ...ratelimit.Option) []rules.Rule {
			return []rules.Rule{{Match: "*", Policies: []rules.Template{ratelimit.Each(cfg, opts...)}}}
		}
		r, err := rules.New(with(ratelimit.Config{PerSecond: 1, Burst: 3}))
		if err != nil {
			t.Fatal(err)
		}
		now := func() *ratelimit.Limiter {
			l, ok := r.Resolve(new(call())).Policies()[0].(*ratelimit.Limiter)
			if !ok {
				t.Fatal("no limiter")
			}
			return l
		}
		l := now()
		take(t, l)
		want := ratelimit.Config{PerSecond: 2, Burst: 5}
		if err := r.Apply(with(want)); err != nil {
			t.Fatal(err)
		}
		if now() != l || l.Config() != want {
			t.Errorf("the same: %v, with %+v; want the same with %+v", now() == l, l.Config(), want)
		}
		wantCounts(t, l, 2, 0)
		if err := r.Apply(with(want, ratelimit.WithName("mine"))); err != nil {
			t.Fatal(err)
		}
		if now() == l || now().Snapshot().Name != "mine" {
			t.Error("the limiter has kept its old name")
		}
	})
}
