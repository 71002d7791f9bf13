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
	// MaxStreams is how many streams may be open in places of their own, 0 if they
	// have none.
	MaxStreams int
	// InFlight is how many calls hold a place. It may exceed MaxConcurrent for a
	// while after that was lowered.
	InFlight int
	// Streams is how many streams hold a place of their own.
	Streams int
	// Waiting is how many calls wait for a place.
	Waiting int
	// Rejected is how many calls were refused, or would have been in shadow.
	Rejected uint64
	// Cancelled is how many calls did not start because their callers gave up first.
	Cancelled uint64
}

// snapshotOf returns the present state of a bulkhead.
func snapshotOf(b *Bulkhead) Snapshot {
	cfg, s := b.config.Load(), b.counter.Load()
	return Snapshot{
		Name:          b.name,
		MaxConcurrent: cfg.MaxConcurrent,
		MaxQueue:      cfg.MaxQueue,
		MaxStreams:    cfg.MaxStreams,
		InFlight:      s.InFlight(),
		Waiting:       s.Waiting(),
		Streams:       int(b.streams.Load()),
		Rejected:      b.refused.Rejected(),
		Cancelled:     b.refused.Cancelled(),
	}
}

// show adds the snapshot to what a bulkhead shows of itself.
func (s Snapshot) show(g *policy.Gauges) {
	g.Name = s.Name
	g.All = append(g.All,
		policy.Gauge{Name: "bulkhead.active", Unit: "{call}", Description: "Calls that hold a slot.", Value: int64(s.InFlight)},
		policy.Gauge{Name: "bulkhead.queued", Unit: "{call}", Description: "Calls that wait for a slot.", Value: int64(s.Waiting)},
		policy.Gauge{Name: "bulkhead.limit", Unit: "{call}", Description: "Slots.", Value: int64(s.MaxConcurrent)},
		policy.Gauge{Name: "bulkhead.streams.active", Unit: "{stream}", Description: "Streams that hold a slot of their own.", Value: int64(s.Streams)},
		policy.Gauge{Name: "bulkhead.streams.limit", Unit: "{stream}", Description: "Slots of streams, 0 if they have none of their own.", Value: int64(s.MaxStreams)},
	)
}
