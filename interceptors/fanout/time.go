package fanout

import (
	"context"
	"time"
)

// The reserve where the configuration does not say: a tenth of the time, but
// neither too little for a busy machine nor more than assembling can take.
const (
	reserveShare = 10
	minReserve   = 5 * time.Millisecond
	maxReserve   = 100 * time.Millisecond
)

// deadline is when the sources must have answered: at the caller's deadline or
// the end of MaxDuration, less the reserve.
func (c Config) deadline(ctx context.Context, now time.Time) time.Time {
	left := c.MaxDuration
	if end, ok := ctx.Deadline(); ok {
		left = min(left, end.Sub(now))
	}
	reserve := c.Reserve
	if reserve == 0 {
		reserve = min(max(left/reserveShare, minReserve), maxReserve)
	}
	return now.Add(left - min(reserve, left/2))
}
