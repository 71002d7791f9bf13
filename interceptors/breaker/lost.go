package breaker

import (
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// lost is when a connection was last lost, or a server last ended streams that it had taken,
// as servers do that shut down or end a connection at its age without saying so. The calls
// that were under way then and fail for the same reason are one event, and one piece of
// evidence.
type lost struct{ at atomic.Int64 } // 0: never

// sameEvent is how long after the first of them the last of those calls may end, on a busy
// machine.
const sameEvent = time.Second

// joins reports whether a failed call belongs to an event that has been counted. If not, it
// may be the first of a new one.
func (l *lost) joins(token uint64, o *policy.Outcome) bool {
	if !o.Lost && !wasEnded(token, o) || o.Started == 0 {
		return false
	}
	at := l.at.Load()
	if at != 0 && o.Started < policy.Instant(at) && o.End.Sub(policy.Instant(at)) < sameEvent {
		return true
	}
	return !l.at.CompareAndSwap(at, int64(o.End)) // another call was the first
}

// wasEnded reports whether a stream that had shown a sign of life was reset, or ended
// UNAVAILABLE.
func wasEnded(token uint64, o *policy.Outcome) bool {
	lived := o.Header || o.Responded != 0
	return token&streams != 0 && lived && (o.Reset || policy.Code(o.Err) == codes.Unavailable)
}
