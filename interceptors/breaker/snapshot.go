package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Snapshot is a breaker at one moment, for display.
type Snapshot struct {
	// Name is the breaker's name.
	Name string
	// State and Mode are the present ones.
	State State
	Mode  Mode
	// Since is when the breaker entered the state.
	Since time.Time
	// RetryAt is when an open breaker lets the next probe through. Zero: not open.
	RetryAt time.Time
	// Calls, Failures and Slow are what a closed breaker's window holds. Slow
	// calls that failed count as failures only.
	Calls, Failures, Slow int
	// ConsecutiveFailures is a closed breaker's present number of failures in a
	// row.
	ConsecutiveFailures int
	// Overdue is how many calls are in flight past SlowAfter.
	Overdue int
	// ProbesInFlight and ProbesSucceeded are those of a half-open breaker.
	ProbesInFlight, ProbesSucceeded int
	// Rejected is how many calls were refused, or would have been in mode Shadow.
	Rejected uint64
	// Late is how many outcomes came too late to count, after the state had
	// changed.
	Late uint64
}

// Config returns the configuration in force, with its defaults filled in.
func (b *Breaker) Config() Config { return b.settings.Load().Config }

// State returns the state. A breaker whose open time is over stays open until
// the next call.
func (b *Breaker) State() State { return b.current.Load().phase.state() }

// Snapshot returns the breaker's present state and counts.
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

// Gauges implements [policy.Gauged]. It shows for each state whether the breaker is in
// it.
func (b *Breaker) Gauges() policy.Gauges {
	snap := b.Snapshot()
	g := policy.Gauges{Name: snap.Name, Shadow: snap.Mode == Shadow}
	for state := Closed; state <= Disabled; state++ {
		in := policy.Gauge{
			Name: "circuit_breaker.state", Unit: "{circuit}", Description: "Circuits in each state, 1 or 0 for one circuit.",
			State: state.String(),
		}
		if state == snap.State {
			in.Value = 1
		}
		g.All = append(g.All, in)
	}
	return g
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
