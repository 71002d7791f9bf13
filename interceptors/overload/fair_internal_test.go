package overload

import (
	"testing"
	"time"
)

// A client whose calls always take much of their time keeps its places; one whose calls come
// to take longer, fail late or are refused loses some, and gets them back.
func TestFair(t *testing.T) {
	t.Parallel()
	of := func(mean time.Duration, good, shed, ended int) window {
		return window{
			elapsed: fairTime, budget: 250 * time.Millisecond, good: good, shed: shed, ended: ended, inFlight: 10,
			took: mean * time.Duration(good), all: mean * time.Duration(ended),
		}
	}
	for name, tt := range map[string]struct {
		windows []window
		least   float64
		most    float64
	}{
		"naturally slow":  {[]window{of(100*time.Millisecond, 20, 0, 20)}, 18, 18},
		"becomes slow":    {[]window{of(20*time.Millisecond, 20, 0, 20), of(120*time.Millisecond, 20, 0, 20)}, 1, 5},
		"fails late":      {[]window{of(200*time.Millisecond, 2, 0, 20)}, 1, 1},
		"refused":         {[]window{of(10*time.Millisecond, 10, 10, 20)}, 1, 5},
		"hardly refused":  {[]window{of(10*time.Millisecond, 199, 1, 200)}, 18, 18},
		"nothing is seen": {[]window{{elapsed: fairTime}}, 8, 8},
	} {
		var f fair
		places := 8.0
		for _, w := range tt.windows[:len(tt.windows)-1] {
			f.step(places, true, w)
		}
		for range 10 {
			places = f.step(places, true, tt.windows[len(tt.windows)-1])
		}
		if places < tt.least || places > tt.most {
			t.Errorf("%s: %v places; want from %v to %v", name, places, tt.least, tt.most)
		}
	}
}
