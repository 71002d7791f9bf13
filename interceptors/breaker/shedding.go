package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// SheddingLimit is how long a dependency may shed load and answer nothing. After that,
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
}

// shed notes that a call was shed, and reports whether that counts as a failure.
func (k *shedding) shed(at policy.Instant) (failed bool) {
	if !k.lastsAt(at) {
		*k = shedding{lasts: true, since: at, last: at}
	}
	k.last = max(k.last, at)
	return at.Sub(k.since) >= SheddingLimit
}

// lastsAt reports whether the time would go on with a call that is shed then.
func (k *shedding) lastsAt(at policy.Instant) bool { return k.lasts && at.Sub(k.last) < sheddingPause }

// opened notes that the breaker opened. If it did so because calls were shed, the time
// goes on while it is open: it is the breaker that does not ask.
func (k *shedding) opened(shed bool, until policy.Instant) {
	k.lasts = k.lasts && shed
	k.last = max(k.last, until)
}

// end ends the time: something else came than shedding.
func (k *shedding) end() { k.lasts = false }
