package overload

import (
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Snapshot is a controller at one moment, for display.
type Snapshot struct {
	// Name is the controller's own, empty if it has none.
	Name string
	// Limit is how many calls may be in flight now.
	Limit int
	// InFlight is how many calls are. It may exceed Limit for a while after that fell.
	InFlight int
	// Waiting is how many calls wait for a place.
	Waiting int
	// Pressure is how close the controller is to refusing everything, from 0 to 1.
	Pressure float64
	// Rejected is how many calls were refused, or would have been in shadow.
	Rejected uint64
	// RejectedOf is how many of each class were refused for overload, low first, or would
	// have been in shadow.
	RejectedOf [classes]uint64
	// Cancelled is how many calls did not start because their callers gave up first.
	Cancelled uint64
}

// show adds the snapshot to what a control shows of itself.
func (s Snapshot) show(g *policy.Gauges) {
	g.Name = s.Name
	g.All = append(g.All,
		policy.Gauge{Name: "overload.active", Unit: "{call}", Description: "Calls in flight.", Value: int64(s.InFlight)},
		policy.Gauge{Name: "overload.queued", Unit: "{call}", Description: "Calls that wait for their turn.", Value: int64(s.Waiting)},
		policy.Gauge{Name: "overload.limit", Unit: "{call}", Description: "Calls that may be in flight, as found out.", Value: int64(s.Limit)},
		policy.Gauge{Name: "overload.pressure", Unit: "%", Description: "How close to refusing everything.", Value: int64(100 * s.Pressure)},
	)
}

// ClassAt returns the class of the i-th of [Snapshot.RejectedOf].
func ClassAt(i int) criticality.Class { return criticality.Low + criticality.Class(i) } //nolint:gosec // there are four
