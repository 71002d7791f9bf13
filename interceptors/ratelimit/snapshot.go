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
}

// Config returns the configuration in force, with its defaults filled in.
func (l *Limiter) Config() Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.config
}

// Snapshot returns the limiter's present limits and counts.
func (l *Limiter) Snapshot() Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Snapshot{
		Name:      l.name,
		PerSecond: l.config.PerSecond,
		Burst:     l.config.Burst,
		MaxWait:   l.config.MaxWait,
		Tokens:    l.tokensLocked(policy.Now()),
		Waiting:   l.queue.length,
		Rejected:  l.rejected.Load(),
	}
}

// Gauges implements [policy.Gauged]. It shows the calls that wait for their turn.
func (l *Limiter) Gauges() policy.Gauges {
	snap := l.Snapshot()
	return policy.Gauges{Name: snap.Name, Shadow: l.Config().Shadow, All: []policy.Gauge{
		{Name: "rate_limit.queued", Unit: "{call}", Description: "Calls that wait for their turn.", Value: int64(snap.Waiting)},
	}}
}
