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

// walkConfig draws a configuration with every field given, or left to evidence.
func walkConfig(rnd *rand.Rand) breaker.Config {
	cfg := breaker.Config{
		Window: 10 * time.Second, Buckets: 1 + rnd.IntN(12), NoJitter: true,
		FailureRatio: []float64{0, 0.07, 0.25, 0.5, 1}[rnd.IntN(5)], MinCalls: 1 + rnd.IntN(30),
		ConsecutiveFailures: max(0, rnd.IntN(18)-4), SlowRatio: []float64{0.3, 0.5, 1}[rnd.IntN(3)],
		SlowAfter: breaker.Off, OpenFor: 3 * time.Second, MaxOpenFor: 20 * time.Second,
		Probes: 1 + rnd.IntN(3), SuccessesToClose: 1 + rnd.IntN(4), ProbeTimeout: 2 * time.Second,
		SlowStart: time.Duration(1+rnd.IntN(5)) * 600 * time.Millisecond,
	}
	if cfg.ConsecutiveFailures == 1 {
		cfg.ConsecutiveFailures = 2
	}
	switch rnd.IntN(4) {
	case 0:
		cfg.FailureRatio = breaker.Off
	case 1:
		cfg.ConsecutiveFailures = breaker.Off
	}
	if rnd.IntN(3) > 0 {
		cfg.SlowAfter = 400 * time.Millisecond
	}
	if rnd.IntN(4) == 0 {
		cfg.WindowCalls = cfg.MinCalls + rnd.IntN(20)
	}
	if rnd.IntN(4) == 0 {
		cfg.SlowStart = breaker.Off
	}
	return cfg
}

// walkCall is a call in flight in both.
type walkCall struct {
	real  *inFlight
	model *modelCall
}

// A random walk: 120,000 operations over many configurations, after each of
// which the breaker and the model must agree.
func TestRandomWalkAgainstModel(t *testing.T) {
	t.Parallel()
	seen, openedShed := map[breaker.State]int{}, 0
	for seed := range uint64(120) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			cfg := walkConfig(rnd)
			b, m := newBreaker(t, cfg), newModel(cfg)
			// How sick the dependency is changes from time to time.
			sickness, shedding := rnd.IntN(100), 0
			var calls []walkCall
			for step := range 1000 {
				if step%50 == 0 && (seed%4 != 0 || step < 300 || step > 700) {
					sickness, shedding = rnd.IntN(100), max(0, rnd.IntN(300)-199)
				}
				if seed%4 == 0 && step == 300 {
					shedding = 100 // nothing else, for once
				}
				what := walkStep(t, rnd, sickness, shedding, b, m, &calls)
				if diff := differ(b, m); diff != "" {
					t.Fatalf("seed %d, step %d, %s: %s\n%+v", seed, step, what, diff, cfg)
				}
				seen[b.State()]++
			}
			openedShed += m.openedShed
		})
	}
	if openedShed < 100 {
		t.Errorf("opened %d times for shedding: the walk shows little", openedShed)
	}
	for _, s := range []breaker.State{breaker.Closed, breaker.Open, breaker.HalfOpen} {
		if seen[s] < 5000 {
			t.Errorf("only %d steps in state %v: the walk shows little", seen[s], s)
		}
	}
}

// walkStep does one thing to both.
func walkStep(t *testing.T, rnd *rand.Rand, sickness, shedding int, b *breaker.Breaker, m *model, calls *[]walkCall) string {
	t.Helper()
	switch r := rnd.IntN(20); {
	case r < 8:
		if c, ok := walkBegin(t, b, m); ok {
			*calls = append(*calls, c)
		}
		return "begin"
	case r < 10:
		_, err := try(t, policy.Call{}, b, full{})
		if mc := m.begin(policy.Now(), errors.Is(err, errFull)); mc != nil {
			m.end(mc, "not started", policy.Now())
		}
		return "refused further in"
	case r < 16 && len(*calls) > 0:
		i := rnd.IntN(len(*calls))
		c := (*calls)[i]
		*calls = append((*calls)[:i], (*calls)[i+1:]...)
		how, err := "ok", error(nil)
		if rnd.IntN(100) < shedding {
			how, err = "shed", errShed
		} else if rnd.IntN(100) < sickness {
			how, err = "failed", errDown
		} else if rnd.IntN(10) == 0 {
			how, err = "ignored", errCanceled
		}
		c.real.end(err)
		m.end(c.model, how, policy.Now())
		return "end " + how
	case r == 16 && shedding == 0:
		for range 20 { // healthy calls that dilute the window
			if c, ok := walkBegin(t, b, m); ok {
				c.real.end(nil)
				m.end(c.model, "ok", policy.Now())
			}
		}
		return "burst"
	default:
		time.Sleep(walkPause(rnd, m))
		return "sleep"
	}
}

// walkBegin makes a call to both, which must agree on whether to admit it.
func walkBegin(t *testing.T, b *breaker.Breaker, m *model) (walkCall, bool) {
	t.Helper()
	c, err := try(t, policy.Call{}, b)
	mc := m.begin(policy.Now(), err == nil)
	if (err == nil) != (mc != nil) {
		t.Fatalf("admitted = %v; the model says %v: %+v", err == nil, mc != nil, m)
	}
	return walkCall{c, mc}, err == nil
}

// walkPause is a time to sleep: now and then to the very instant, or the one
// before, at which something changes.
func walkPause(rnd *rand.Rand, m *model) time.Duration {
	switch r := rnd.IntN(8); {
	case r == 0 && m.state == breaker.Open:
		return m.refusesUntil().Sub(policy.Now()) - time.Duration(rnd.IntN(2))
	case r == 2 && m.state == breaker.HalfOpen:
		return m.climb.until.Sub(policy.Now()) - time.Duration(rnd.IntN(2))
	case r == 1 && m.cfg.SlowAfter > 0:
		next := policy.Instant(m.slot(policy.Now())+1) * m.width()
		return next.Sub(policy.Now()) - time.Duration(rnd.IntN(2))
	case r < 5:
		return time.Duration(rnd.Int64N(int64(50 * time.Millisecond)))
	case r < 7:
		return time.Duration(rnd.Int64N(int64(time.Second)))
	default:
		return time.Duration(rnd.Int64N(int64(15 * time.Second)))
	}
}

// differ says in what the two differ, if they do.
func differ(b *breaker.Breaker, m *model) string {
	s, now := b.Snapshot(), policy.Now()
	state := m.state
	if state == breaker.Open && (now >= m.refusesUntil() || len(m.outage.running) > 0) {
		state = breaker.HalfOpen // a probe is due or under way
	}
	got := fmt.Sprint(s.State, s.Late, s.Rejected)
	want := fmt.Sprint(state, m.late, m.rejected)
	switch m.state {
	case breaker.Closed:
		calls, failures, slow := count(m.window(now))
		got += fmt.Sprint(" window ", s.Calls, s.Failures, s.Slow, s.ConsecutiveFailures)
		want += fmt.Sprint(" window ", calls, failures, slow, m.run)
	case breaker.Open:
		got += fmt.Sprint(" until ", time.Until(s.RetryAt).Round(time.Microsecond), s.ProbesInFlight, s.ProbesSucceeded, b.WouldAdmit())
		want += fmt.Sprint(" until ", m.refusesUntil().Sub(now).Round(time.Microsecond), len(m.outage.running), m.outage.successes, now >= m.refusesUntil())
	default:
		calls, failures, slow := count(m.climb.all)
		got += fmt.Sprint(" climb ", s.AdmittedShare, s.Calls, s.Failures, s.Slow, s.ConsecutiveFailures)
		want += fmt.Sprint(" climb ", modelShares[m.climb.step], calls, failures, slow, m.climb.run)
		if fair := modelShares[m.climb.step] * float64(m.climb.came); float64(m.climb.admitted) <= fair-1 || float64(m.climb.admitted-m.climb.extra) >= fair+1 {
			return fmt.Sprintf("%d of %d admitted, %d as extra; want %v of them", m.climb.admitted, m.climb.came, m.climb.extra, modelShares[m.climb.step])
		}
	}
	if got != want {
		return fmt.Sprintf("breaker %s; model %s", got, want)
	}
	return ""
}

var modelShares = []float64{0.1, 0.25, 0.5}
