package latency_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/latency"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// clock gives each sample an instant of its own. Instants before the process's first are
// negative, as they are in virtual time.
type clock struct{ now policy.Instant }

func (c *clock) after(d time.Duration) policy.Instant {
	c.now = c.now.Add(d)
	return c.now
}

const early policy.Instant = -1 << 60

// near reports whether got is within a bucket of want.
func near(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 0.25*float64(want)+float64(66*time.Microsecond)
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	for _, median := range []time.Duration{100 * time.Microsecond, 7 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second, 20 * time.Minute} {
		for _, begin := range []policy.Instant{early, -1, 1} {
			var s latency.Sketch
			c, random := clock{begin}, rand.New(rand.NewPCG(1, 2))
			for range 5000 {
				s.Add(time.Duration(float64(median)*math.Exp(random.NormFloat64()/2)), c.after(latency.SampleGap))
			}
			u := s.Usual()
			if u.Calls != 5000 || s.Last() != c.now {
				t.Fatalf("%v: %d calls, the last at %v; want 5000, at %v", median, u.Calls, s.Last(), c.now)
			}
			for q, factor := range map[float64]float64{0.1: math.Exp(-0.64), 0.5: 1, 0.9: math.Exp(0.64), 0.99: math.Exp(1.163)} {
				want := time.Duration(float64(median) * factor)
				if got := u.Quantile(q); !near(got, want) {
					t.Errorf("%v: quantile %v = %v; want about %v", median, q, got, want)
				}
				if got := u.Longer(want); math.Abs(got-(1-q)) > 0.06 {
					t.Errorf("%v: the share longer than %v = %.3f; want about %.2f", median, want, got, 1-q)
				}
			}
		}
	}
}

func TestNothingIsKnownAtFirst(t *testing.T) {
	t.Parallel()
	var s latency.Sketch
	u := s.Usual()
	if u.Calls != 0 || u.Quantile(0.5) != 0 || u.Longer(time.Hour) != 1 || s.Last() != 0 {
		t.Errorf("%d calls, median %v, %v are longer than an hour, last %v", u.Calls, u.Quantile(0.5), u.Longer(time.Hour), s.Last())
	}
}

// Durations of any length and sign have a bucket, and its bounds hold them.
func TestExtremes(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, 65535, 65536, 65537, time.Second, 73 * time.Minute, 74 * time.Minute, math.MaxInt64} {
		var s latency.Sketch
		s.Add(d, 1)
		u := s.Usual()
		if u.Calls != 1 {
			t.Fatalf("%v: not counted", d)
		}
		if in := min(max(d, 0), 73*time.Minute); !near(u.Quantile(1), in) || u.Longer(2*in+time.Millisecond) != 0 && d < time.Hour {
			t.Errorf("%v: all end within %v, and %v last longer than twice that", d, u.Quantile(1), u.Longer(2*in+time.Millisecond))
		}
	}
}

// A call that was cut short says how long it took at least, and nothing about shorter
// ones: cutting at 5 ms what takes 20 leaves it at 20.
func TestCutShort(t *testing.T) {
	t.Parallel()
	var s latency.Sketch
	c := clock{early}
	for range 100 {
		s.Add(20*time.Millisecond, c.after(latency.SampleGap))
		for range 9 {
			s.AtLeast(5*time.Millisecond, c.after(latency.SampleGap))
		}
	}
	u := s.Usual()
	if got := u.Quantile(0.5); !near(got, 20*time.Millisecond) || u.Longer(5*time.Millisecond) != 1 {
		t.Errorf("median %v, %v longer than 5 ms; want 20ms, 1", got, u.Longer(5*time.Millisecond))
	}
	for range 100 {
		s.AtLeast(time.Second, c.after(latency.SampleGap))
	}
	if u = s.Usual(); u.Longer(30*time.Millisecond) < 0.4 {
		t.Errorf("half of what took 20 ms ran for a second: %v are longer than 30 ms", u.Longer(30*time.Millisecond))
	}
	var never latency.Sketch
	never.AtLeast(time.Second, 1)
	if u := never.Usual(); u.Calls != 0 || u.CutShort != 1 || u.Longer(time.Hour) != 1 {
		t.Errorf("nothing ended, but %+v", u)
	}
}

// What was usual a quarter of an hour ago does not count any more where there are calls,
// and is all that is known where there are few.
func TestForgets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		every time.Duration
		want  time.Duration
	}{
		{100 * time.Millisecond, 50 * time.Millisecond},
		{time.Minute, 10 * time.Millisecond},
	} {
		var s latency.Sketch
		c := clock{early}
		for range 60 {
			s.Add(10*time.Millisecond, c.after(tt.every))
		}
		for begin := c.now; c.now.Sub(begin) < 15*time.Minute; {
			s.Add(50*time.Millisecond, c.after(tt.every))
		}
		if u := s.Usual(); !near(u.Quantile(0.5), tt.want) {
			t.Errorf("every %v: median %v of %d; want %v", tt.every, u.Quantile(0.5), u.Calls, tt.want)
		}
	}
}

// However fast calls end, a bucket does not run over.
func TestNeverRunsOver(t *testing.T) {
	t.Parallel()
	var s latency.Sketch
	c := clock{early}
	most := int(2*latency.HalfLife/latency.SampleGap) + 1
	for range 200_000 {
		s.Add(time.Second, c.after(latency.SampleGap))
		s.AtLeast(time.Second, c.now) // at the same instant: not counted
	}
	if u := s.Usual(); u.Calls > most || u.Calls < most/3 || u.CutShort != 0 {
		t.Errorf("%d calls of 200000, %d cut short; want at most %d and none", u.Calls, u.CutShort, most)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	var s latency.Sketch
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 20_000 {
				s.Add(time.Millisecond, policy.Instant(i+1)*policy.Instant(latency.SampleGap))
				if g == 0 {
					u := s.Usual()
					u.Quantile(0.9)
				}
			}
		})
	}
	all.Wait()
	if u := s.Usual(); u.Calls == 0 || u.Calls > 20_000 {
		t.Errorf("%d calls at 20000 instants", u.Calls)
	}
}

//nolint:paralleltest // counts allocations
func TestAllocates(t *testing.T) {
	var s latency.Sketch
	at := policy.Instant(1)
	if n := testing.AllocsPerRun(1000, func() {
		at = at.Add(latency.SampleGap)
		s.Add(time.Millisecond, at)
		u := s.Usual()
		u.Quantile(0.5)
		u.Longer(time.Second)
	}); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	var s latency.Sketch
	at := policy.Instant(1)
	for b.Loop() {
		at += 1000
		s.Add(time.Millisecond, at)
	}
}

func BenchmarkUsual(b *testing.B) {
	var s latency.Sketch
	for i := range 1000 {
		s.Add(time.Duration(i)*time.Millisecond, policy.Instant(i+1)*policy.Instant(latency.SampleGap))
	}
	for b.Loop() {
		u := s.Usual()
		u.Quantile(0.5)
	}
}
