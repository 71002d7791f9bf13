package breaker

import (
	"math/rand/v2"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// backoff makes the open times grow. The breaker's lock guards it.
type backoff struct {
	// openings is how many times the breaker opened in a row, less one for each
	// Window spent closed.
	openings int
	closedAt policy.Instant
	isClosed bool
}

// closed notes that the breaker closed.
func (k *backoff) closed(at policy.Instant) { k.closedAt, k.isClosed = at, true }

// next returns how long to stay open after a failure, before jitter and pushback.
func (k *backoff) next(s *settings, at policy.Instant) time.Duration {
	k.calm(s, at)
	d := doubled(s.OpenFor, k.openings, s.MaxOpenFor)
	k.openings++
	return d
}

// calm takes off what the time spent closed is worth.
func (k *backoff) calm(s *settings, at policy.Instant) {
	if k.isClosed {
		windows := at.Sub(k.closedAt) / s.Window // as many as 64 bits hold
		k.openings = int(max(0, time.Duration(k.openings)-windows))
		k.isClosed = false
	}
}

// doubled returns d doubled n times, or most if that is less. It cannot
// overflow: most is a day at the most.
func doubled(d time.Duration, n int, most time.Duration) time.Duration {
	for ; n > 0 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}

// jittered varies d by up to 20 % either way. A value above most is mirrored
// below it, so that breakers at their longest open time differ too.
func jittered(d, most time.Duration) time.Duration {
	varied := time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // no secret
	if varied > most {
		varied = most - (varied - most)
	}
	return varied
}
