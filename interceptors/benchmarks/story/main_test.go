package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/internal/lab"
)

// What the project promises of its default configuration, with the one thing that
// it cannot know: from when a call is slow.
func TestUsersHardlyNotice(t *testing.T) {
	t.Parallel()
	guarded := systems()[len(systems())-1]
	for _, f := range []fault{hangs, fails, slows} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, err := run(t.Context(), guarded, f, 1)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%+v", r)
				if r.pages < 3700 || r.successes < r.pages*999/1000 {
					t.Errorf("%d successes of %d pages", r.successes, r.pages)
				}
				if r.delayed > 40 || r.sickCalls > 40 {
					t.Errorf("%d pages delayed, %d calls to the sick backend; want 40 at most", r.delayed, r.sickCalls)
				}
				if limit := r.healthy99 * 13 / 10; r.p99 > limit {
					t.Errorf("p99 = %v; want %v at most", r.p99, limit)
				}
				// A probe comes after a fifth of the outage's age, and then the share climbs.
				if limit := 3 * time.Second; r.recovery > limit {
					t.Errorf("recovery took %v; want %v at most", r.recovery, limit)
				}
			})
		})
	}
}

func TestUnknownFaultIsNamed(t *testing.T) {
	t.Parallel()
	err := tell(t.Context(), &bytes.Buffer{}, "melts", 1)
	if err == nil || err.Error() != `flag -fault = "melts"; must be hangs, fails or slows` {
		t.Errorf("error = %v", err)
	}
}

// The laboratory leaves out gRPC, sockets and goroutines, and must tell the same: how many
// answers are slow when a backend hangs, over the luck of some runs.
func TestAgreesWithTheLaboratory(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("it is slow under the race detector, and about figures")
	}
	const runs = 8
	w, err := lab.Find("outage-hangs-10s")
	if err != nil {
		t.Fatal(err)
	}
	s := lab.Breaker("breaker", func(*lab.World) breaker.Config { return breaker.Config{SlowAfter: 50 * time.Millisecond} })
	sample, err := lab.Take(&w, s, rate, 50)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(sample.Total(func(r *lab.Result) int { return r.Slow })) / float64(len(sample))
	delayed := 0
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			r, err := run(t.Context(), systems()[len(systems())-1], hangs, seed+1)
			if err != nil {
				t.Fatal(err)
			}
			delayed += r.delayed
		})
	}
	got := float64(delayed) / runs
	t.Logf("slow answers of a run: %.1f, in the laboratory %.1f", got, want)
	if got < 0.85*want || got > 1.15*want {
		t.Errorf("%.1f answers of a run are slow, and %.1f in the laboratory; want them within 15 %%", got, want)
	}
}
