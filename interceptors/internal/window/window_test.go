package window_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const second = policy.Instant(time.Second)

// event is a call that a plain reference keeps in full.
type event struct {
	at   policy.Instant
	kind window.Kind
}

func sum(events []event) window.Counts {
	var c window.Counts
	for _, e := range events {
		c.Calls++
		switch e.kind {
		case window.Failed:
			c.Failures++
		case window.Slow:
			c.Slow++
		case window.OK:
		}
	}
	return c
}

// floor is a/b rounded down, worked out another way than the window does.
func floor(a, b policy.Instant) policy.Instant {
	q := a / b
	for q*b > a {
		q--
	}
	return q
}

// between are the events of buckets first to last.
func between(events []event, width, first, last policy.Instant) (in []event) {
	for _, e := range events {
		if b := floor(e.at, width); first <= b && b <= last {
			in = append(in, e)
		}
	}
	return in
}

// Random steps in time, on both sides of zero, against all events kept in full.
func TestTimedAgainstReference(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		n := policy.Instant(1 + rnd.IntN(20))
		width := policy.Instant(1+rnd.IntN(4000)) * policy.Instant(time.Millisecond)
		w := window.NewTimed(time.Duration(n*width), int(n))
		lastSecond := min((second+width-1)/width, n)
		now := policy.Instant(rnd.Int64N(int64(40*n*width))) - 20*n*width
		var events []event
		for range 400 {
			switch rnd.IntN(10) {
			case 0:
				now += policy.Instant(rnd.Int64N(int64(3 * n * width)))
			case 1, 2, 3:
				now += policy.Instant(rnd.Int64N(int64(width)))
			}
			e := event{now, window.Kind(rnd.IntN(3))}
			w.Add(e.at, e.kind)
			events = append(events, e)
			b := floor(now, width)
			if got, want := w.Sum(now), sum(between(events, width, b-n+1, b)); got != want {
				t.Fatalf("seed %d at %d: Sum = %+v; want %+v", seed, now, got, want)
			}
			if got, want := w.LastSecond(now), sum(between(events, width, b-lastSecond, b-1)); got != want {
				t.Fatalf("seed %d at %d: LastSecond = %+v; want %+v", seed, now, got, want)
			}
		}
	}
}

func TestCountedAgainstReference(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		n := 1 + rnd.IntN(30)
		w := window.NewCounted(n, time.Second)
		var events []event
		for range 300 {
			e := event{0, window.Kind(rnd.IntN(3))}
			w.Add(0, e.kind)
			events = append(events, e)
			if got, want := w.Sum(0), sum(events[max(0, len(events)-n):]); got != want {
				t.Fatalf("seed %d: Sum = %+v; want %+v", seed, got, want)
			}
		}
		if got := w.LastSecond(0); got != (window.Counts{}) {
			t.Errorf("LastSecond = %+v; want nothing", got)
		}
	}
}

// No count is lost when many goroutines add at the turn of a bucket.
func TestNothingIsLostUnderRace(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]window.Window{
		"timed": window.NewTimed(10*time.Second, 10), "counted": window.NewCounted(100_000, time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var all sync.WaitGroup
				for i := range 8 {
					all.Go(func() {
						for step := range policy.Instant(9) {
							for range 100 {
								w.Add(step*second, window.Kind(i%3))
							}
							time.Sleep(time.Nanosecond) // all turn the bucket together
						}
					})
				}
				all.Wait()
				want := window.Counts{Calls: 7200, Failures: 2700, Slow: 1800}
				if got := w.Sum(8 * second); got != want {
					t.Errorf("Sum = %+v; want %+v", got, want)
				}
			})
		})
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]window.Window{
		"timed": window.NewTimed(time.Second, 1), "counted": window.NewCounted(5, time.Second),
	} {
		if !w.Quiet(-7 * second) {
			t.Errorf("%s: a new window is not quiet", name)
		}
		w.Add(-7*second, window.OK)
		if w.Quiet(-6*second-1) || !w.Quiet(-6*second) {
			t.Errorf("%s: quiet before its span = %v, after = %v; want false, true",
				name, w.Quiet(-6*second-1), w.Quiet(-6*second))
		}
	}
}

func FuzzTimed(f *testing.F) {
	f.Add(int64(-5), int64(1000), int64(3), []byte{0, 1, 2, 200, 4})
	f.Fuzz(func(t *testing.T, start, width, n int64, steps []byte) {
		if width < 1 || width > int64(time.Hour) || n < 1 || n > 100 || len(steps) > 1000 {
			return // outside of what a configuration allows
		}
		if limit := int64(1) << 60; start > limit || start < -limit {
			return // no clock goes there
		}
		w := window.NewTimed(time.Duration(width*n), int(n))
		now := policy.Instant(start)
		var events []event
		for _, s := range steps {
			now += policy.Instant(int64(s) * width / 32)
			e := event{now, window.Kind(s % 3)}
			w.Add(e.at, e.kind)
			events = append(events, e)
		}
		b := floor(now, policy.Instant(width))
		if got, want := w.Sum(now), sum(between(events, policy.Instant(width), b-policy.Instant(n)+1, b)); got != want {
			t.Errorf("Sum = %+v; want %+v", got, want)
		}
	})
}

func FuzzCounted(f *testing.F) {
	f.Add(3, []byte{0, 1, 2, 2, 1, 0, 0})
	f.Fuzz(func(t *testing.T, n int, steps []byte) {
		if n < 1 || n > 10_000 || len(steps) > 1000 {
			return // outside of what a configuration allows
		}
		w := window.NewCounted(n, time.Minute)
		for i, s := range steps {
			w.Add(policy.Instant(i), window.Kind(s%3))
		}
		var want window.Counts
		for _, s := range steps[max(0, len(steps)-n):] {
			want.Calls++
			switch window.Kind(s % 3) {
			case window.Failed:
				want.Failures++
			case window.Slow:
				want.Slow++
			case window.OK:
			}
		}
		if got := w.Sum(0); got != want {
			t.Errorf("Sum = %+v; want %+v", got, want)
		}
	})
}

// The last second is ten buckets of 100 ms, no more and no fewer, and none of a
// longer width is left out.
func TestLastSecondIsASecond(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		width, age policy.Instant
		want       int
	}{
		{second / 10, second / 10, 1},
		{second / 10, second, 1},
		{second / 10, second + second/10, 0},
		{second * 3 / 10, second * 12 / 10, 1}, // a second touches four buckets of 300 ms
		{second * 3 / 10, second * 15 / 10, 0},
		{second / 10, 0, 0}, // the running bucket is no part of it
	} {
		w := window.NewTimed(time.Duration(20*tt.width), 20)
		now := 100 * tt.width
		w.Add(now-tt.age, window.Failed)
		if got := w.LastSecond(now); got.Failures != tt.want {
			t.Errorf("width %d, %d ago: %+v; want %d", tt.width, tt.age, got, tt.want)
		}
	}
}

// Many find a bucket of long ago at once. One of them empties it, and no count of
// the others is lost.
func TestBucketsTurnOnce(t *testing.T) {
	t.Parallel()
	const callers, turns = 8, 3000
	w := window.NewTimed(time.Second, 1)
	for turn := range policy.Instant(turns) {
		now := turn * 10 * second
		var ready, all sync.WaitGroup
		ready.Add(callers)
		for range callers {
			all.Go(func() {
				ready.Done()
				ready.Wait()
				w.Add(now, window.Failed)
			})
		}
		all.Wait()
		if got := w.Sum(now); got.Failures != callers {
			t.Fatalf("turn %d: %+v; want %d", turn, got, callers)
		}
	}
}
