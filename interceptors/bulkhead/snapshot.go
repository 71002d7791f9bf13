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

// gauges returns the snapshot of a bulkhead, which may only watch, as numbers.
func (s Snapshot) gauges(shadow bool) policy.Gauges {
	return policy.Gauges{Name: s.Name, Shadow: shadow, All: []policy.Gauge{
		{Name: "bulkhead.active", Unit: "{call}", Description: "Calls that hold a slot.", Value: int64(s.InFlight)},
		{Name: "bulkhead.queued", Unit: "{call}", Description: "Calls that wait for a slot.", Value: int64(s.Waiting)},
		{Name: "bulkhead.limit", Unit: "{call}", Description: "Slots.", Value: int64(s.MaxConcurrent)},
	}}
}
