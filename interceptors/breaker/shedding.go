package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// SheddingLimit is how long a dependency may shed calls and answer none. After that,
// each call that it sheds counts as a failure, until it answers one.
const SheddingLimit = 30 * time.Second

// sheddingPause is how long a dependency must not have been asked, or not have shed
// anything, for the time to start anew: what it did before that says little of now.
const sheddingPause = 2 * SheddingLimit

// shedding is the time in which a dependency has shed calls and answered none. The
// breaker's lock guards it.
type shedding struct {
	lasts       bool
	since, last policy.Instant
	// halvings is how many times the next open time is shorter than the usual one by half.
	halvings int
}

// sheddingHalvings is how many times the first open time is halved. A dependency that
// sheds is alive: it may soon do some work, and others may wait for those who call it.
const sheddingHalvings = 3

// shed notes that a call was shed, and reports whether that counts as a failure.
func (k *shedding) shed(at policy.Instant) (failed bool) {
	if !k.lastsAt(at) {
		*k = shedding{lasts: true, since: at, last: at, halvings: sheddingHalvings}
	}
	k.last = max(k.last, at)
	return at.Sub(k.since) >= SheddingLimit
}

// lastsAt reports whether the time would go on with a call that is shed then.
func (k *shedding) lastsAt(at policy.Instant) bool { return k.lasts && at.Sub(k.last) < sheddingPause }

// openFor returns how long to stay open because calls were shed: an eighth of the usual
// time at first, and twice as long each time in a row, up to the whole.
func (k *shedding) openFor(usual time.Duration) time.Duration {
	return max(usual>>k.halvings, time.Millisecond)
}

// opened notes that the breaker opened. If it did so because calls were shed, the time
// goes on while it is open: it is the breaker that does not ask.
func (k *shedding) opened(shed bool, until policy.Instant) {
	k.lasts = k.lasts && shed
	k.last = max(k.last, until)
	k.halvings = max(0, k.halvings-1)
}

// end ends the time: something else came than shedding.
func (k *shedding) end() { k.lasts = false }
