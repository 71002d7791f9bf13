package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Snapshot is a breaker at one moment, for display.
type Snapshot struct {
	// Name is the breaker's name.
	Name string
	// State and Mode are what it does now.
	State State
	Mode  Mode
	// Since is when it entered the state.
	Since time.Time
	// RetryAt is when an open breaker lets a probe through. Zero: not open.
	RetryAt time.Time
	// Calls, Failures and Slow are what a closed breaker's window holds. Slow
	// calls that failed count as failures only.
	Calls, Failures, Slow int
	// ConsecutiveFailures is the run of a closed breaker.
	ConsecutiveFailures int
	// Overdue is how many calls are in flight past SlowAfter.
	Overdue int
	// ProbesInFlight and ProbesSucceeded are those of a half-open breaker.
	ProbesInFlight, ProbesSucceeded int
	// Rejected is how many calls were refused, or would have been in mode Shadow.
	Rejected uint64
	// Late is how many outcomes came after their state had passed.
	Late uint64
}

// Config returns the configuration in force, with its defaults filled in.
func (b *Breaker) Config() Config { return b.settings.Load().Config }

// State returns the state. An open breaker stays open until a call comes after
// its open time.
func (b *Breaker) State() State { return b.current.Load().phase.state() }

// Snapshot returns the breaker as it is now.
func (b *Breaker) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	stay := b.current.Load()
	snap := Snapshot{
		Name: b.name, State: stay.phase.state(), Mode: b.settings.Load().Mode,
		Since: stay.since.Time(), Rejected: b.refused.Load(), Late: b.late.Load(),
	}
	switch p := stay.phase.(type) {
	case *closed:
		p.describe(&snap, policy.Now())
	case *open:
		snap.RetryAt = p.retry
	case *halfOpen:
		snap.ProbesInFlight, snap.ProbesSucceeded = len(p.probes), p.successes
	}
	return snap
}

func (c *closed) describe(snap *Snapshot, now policy.Instant) {
	j := c.judged.Load()
	counts := j.window.Sum(now)
	snap.Calls, snap.Failures, snap.Slow = counts.Calls, counts.Failures, counts.Slow
	snap.ConsecutiveFailures = int(c.run.Load())
	if j.ring != nil {
		snap.Overdue, _ = j.ring.overdue(now)
	}
}
