package fault

// Snapshot is a fault policy at one moment, for display.
type Snapshot struct {
	// Active is the number of calls that are under a fault now.
	Active int
	// Delayed and Aborted count the calls so far. A call that was both delayed and
	// aborted counts in both.
	Delayed, Aborted uint64
}

// Config returns the faults in force, with the default message filled in.
func (f *Fault) Config() Config { return *f.config.Load() }

// Snapshot returns the present counts.
func (f *Fault) Snapshot() Snapshot {
	return Snapshot{Active: int(f.active.Load()), Delayed: f.delayed.Load(), Aborted: f.aborted.Load()}
}
