package breaker

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// lost is when a connection was last lost. The calls that were under way then and fail for
// the same reason are one event, and one piece of evidence.
type lost struct{ at atomic.Int64 } // 0: never

// sameEvent is how long after the first of them the last of those calls may end, on a busy
// machine.
const sameEvent = time.Second

// joins reports whether a failed call belongs to an event that has been counted. If not, it
// may be the first of a new one.
func (l *lost) joins(o *policy.Outcome) bool {
	if !o.Lost || o.Started == 0 {
		return false
	}
	at := l.at.Load()
	if at != 0 && o.Started < policy.Instant(at) && o.End.Sub(policy.Instant(at)) < sameEvent {
		return true
	}
	return !l.at.CompareAndSwap(at, int64(o.End)) // another call was the first
}
