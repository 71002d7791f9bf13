package pressure_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/pressure"
)

// played is a scheduler whose waits a test decides.
type played struct {
	count uint64
	total time.Duration
}

func (p *played) Waits() (uint64, time.Duration) { return p.count, p.total }

func (*played) Yield() {}

// The pressure follows the mean wait of the goroutines that ran since the last look, and
// is gone when they no longer wait.
func TestLevelFollowsTheScheduler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &played{count: 100, total: time.Hour}
		m := pressure.NewMeter(s)
		for _, tt := range []struct {
			wait time.Duration
			want float64
		}{{0, 0}, {10 * time.Millisecond, 0.5}, {90 * time.Millisecond, 0.9}, {0, 0}} {
			time.Sleep(time.Second)
			s.count += 50
			s.total += 50 * tt.wait
			if got := m.Level(); math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("with waits of %v the level is %v; want %v", tt.wait, got, tt.want)
			}
			if got := m.Latency(policy.Now()); got != tt.wait {
				t.Errorf("latency = %v; want %v", got, tt.wait)
			}
		}
	})
}

// What was reported counts for a while, the highest first.
func TestReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := pressure.NewMeter(new(played))
		m.Report(policy.Now(), 0.3)
		m.Report(policy.Now(), 0.7)
		m.Report(policy.Now(), 0.2)
		if got := m.Level(); got != 0.7 {
			t.Errorf("level = %v; want 0.7", got)
		}
		time.Sleep(400 * time.Millisecond)
		if got := m.Level(); got != 0.7 {
			t.Errorf("a moment later, level = %v; want 0.7", got)
		}
		time.Sleep(2 * time.Second)
		if got := m.Level(); got != 0 {
			t.Errorf("seconds later, level = %v; want 0", got)
		}
		m.Report(policy.Now(), 9)
		if got := m.Level(); got != 1 {
			t.Errorf("level = %v; want 1 at most", got)
		}
	})
}

func TestSaturating(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]float64{-1: 0, 0: 0, time.Second: 0.5, 3 * time.Second: 0.75} {
		if got := pressure.Saturating(wait, time.Second); got != want {
			t.Errorf("Saturating(%v) = %v; want %v", wait, got, want)
		}
	}
	if got := pressure.Saturating(time.Second, 0); got != 0 {
		t.Errorf("with no half, %v", got)
	}
}
