package policy

import (
	"math"
	"time"
)

// Instant is a point on this process's monotonic clock, in nanoseconds. Only
// the difference of two instants means anything. The zero Instant means that
// the clock was not read. Wall-clock jumps do not affect it.
type Instant int64

// base is where instants are counted from. Under virtual time, which starts in
// the year 2000, instants are negative.
var base = time.Now() //nolint:gochecknoglobals // one origin for all instants of the process, never written again

// Now reads the clock. It is never zero.
func Now() Instant {
	// time.Since of a monotonic time costs half of time.Now.
	if d := time.Since(base); d != 0 {
		return Instant(d)
	}
	return 1
}

// InstantOf converts a wall-clock or monotonic time.
func InstantOf(t time.Time) Instant { return Instant(t.Sub(base)) }

// Time converts i to a time for display.
func (i Instant) Time() time.Time { return base.Add(time.Duration(i)) }

// Sub returns the time from j to i, at most the longest there is: a caller's deadline may
// lie centuries ahead.
func (i Instant) Sub(j Instant) time.Duration {
	switch d := i - j; {
	case i >= j && d < 0:
		return math.MaxInt64
	case i < j && d >= 0:
		return math.MinInt64
	default:
		return time.Duration(d)
	}
}

// Add returns the instant d after i, at most the last there is.
func (i Instant) Add(d time.Duration) Instant {
	switch sum := i + Instant(d); {
	case d >= 0 && sum < i:
		return math.MaxInt64
	case d < 0 && sum > i:
		return math.MinInt64
	default:
		return sum
	}
}

// OrNow returns i, or reads the clock if i was not read.
func (i Instant) OrNow() Instant {
	if i == 0 {
		return Now()
	}
	return i
}
