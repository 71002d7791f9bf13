package bulkhead

// Snapshot is a bulkhead at one moment, for display.
type Snapshot struct {
	// Name is the bulkhead's own, empty if it has none.
	Name string
	// MaxConcurrent is how many calls may be in flight.
	MaxConcurrent int
	// MaxQueue is how many calls may wait.
	MaxQueue int
	// InFlight is how many calls hold a place. After MaxConcurrent was lowered
	// it may exceed it for a while.
	InFlight int
	// Waiting is how many calls wait for a place.
	Waiting int
	// Rejected is how many calls were refused, or would have been in shadow.
	Rejected uint64
}

// Config returns the configuration in force.
func (b *Bulkhead) Config() Config { return *b.config.Load() }

// Snapshot returns the bulkhead as it is now. InFlight and Waiting are of one
// instant. It never blocks and is safe for concurrent use.
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
