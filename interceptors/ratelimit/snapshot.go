package ratelimit

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Snapshot is a limiter at one moment, for display.
type Snapshot struct {
	// Name is the limiter's own, empty if it has none.
	Name string
	// PerSecond, Burst and MaxWait are its limits.
	PerSecond float64
	Burst     int
	MaxWait   time.Duration
	// Tokens is the number of tokens in the bucket, which is how many calls may
	// start at once. It is fractional while a token is partly refilled.
	Tokens float64
	// Waiting is how many calls wait for their turn.
	Waiting int
	// Rejected is how many calls were refused, or would have been in shadow.
	Rejected uint64
	// Cancelled is how many calls did not start because their callers gave up first.
	Cancelled uint64
}

// snapshotLocked returns the present state of a limiter.
func snapshotLocked(l *Limiter) Snapshot {
	return Snapshot{
		Name:      l.name,
		PerSecond: l.config.PerSecond,
		Burst:     l.config.Burst,
		MaxWait:   l.config.MaxWait,
		Tokens:    l.tokensLocked(policy.Now()),
		Waiting:   l.line.Len(),
		Rejected:  l.refused.Rejected(),
		Cancelled: l.refused.Cancelled(),
	}
}

// show adds the snapshot to what a limiter shows of itself.
func (s Snapshot) show(g *policy.Gauges) {
	g.Name = s.Name
	g.All = append(g.All,
		policy.Gauge{Name: "rate_limit.queued", Unit: "{call}", Description: "Calls that wait for their turn.", Value: int64(s.Waiting)})
}
