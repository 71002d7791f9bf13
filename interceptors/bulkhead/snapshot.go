package bulkhead

import "github.com/afloat-go/afloat/interceptors/policy"

// Snapshot is a bulkhead at one moment, for display.
type Snapshot struct {
	// Name is the bulkhead's own, empty if it has none.
	Name string
	// MaxConcurrent is how many calls may be in flight.
	MaxConcurrent int
	// MaxQueue is how many calls may wait.
	MaxQueue int
	// InFlight is how many calls hold a place. It may exceed MaxConcurrent for a
	// while after that was lowered.
	InFlight int
	// Waiting is how many calls wait for a place.
	Waiting int
	// Rejected is how many calls were refused, or would have been in shadow.
	Rejected uint64
}

// Config returns the configuration in force.
func (b *Bulkhead) Config() Config { return *b.config.Load() }

// Snapshot returns the bulkhead's present limits and counts. InFlight and
// Waiting are of the same instant. It never blocks and is safe for concurrent
// use.
func (b *Bulkhead) Snapshot() Snapshot {
	cfg, s := b.config.Load(), b.counter.load()
	return Snapshot{
		Name:          b.name,
		MaxConcurrent: cfg.MaxConcurrent,
		MaxQueue:      cfg.MaxQueue,
		InFlight:      s.inFlight(),
		Waiting:       s.waiting(),
		Rejected:      b.rejected.Load(),
	}
}

// Gauges implements [policy.Gauged]. It shows the slots that are in use, the calls that
// wait for one, and how many there are.
func (b *Bulkhead) Gauges() policy.Gauges {
	snap := b.Snapshot()
	return policy.Gauges{Name: snap.Name, Shadow: b.Config().Shadow, All: []policy.Gauge{
		{Name: "bulkhead.active", Unit: "{call}", Description: "Calls that hold a slot.", Value: int64(snap.InFlight)},
		{Name: "bulkhead.queued", Unit: "{call}", Description: "Calls that wait for a slot.", Value: int64(snap.Waiting)},
		{Name: "bulkhead.limit", Unit: "{call}", Description: "Slots.", Value: int64(snap.MaxConcurrent)},
	}}
}
