package fanout

import (
	"context"
	"time"
)

// The default reserve: a tenth of the time, but neither too little for a busy
// machine nor more than assembling can take.
const (
	reserveShare = 10
	minReserve   = 5 * time.Millisecond
	maxReserve   = 100 * time.Millisecond
)

// left is how long the sources may take: until the caller's deadline or for
// MaxDuration, less the reserve. It also returns the reserve.
func (c *Config) left(ctx context.Context) (left, reserve time.Duration) {
	left = c.MaxDuration
	if end, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(end))
	}
	reserve = c.Reserve
	if reserve == 0 {
		reserve = min(max(left/reserveShare, minReserve), maxReserve)
	}
	reserve = min(reserve, left/2)
	return left - reserve, reserve
}
