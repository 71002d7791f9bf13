package attempt

import (
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// FirstTimeout is the time of the first step, 0 if it has none of its own.
func (b Builder[In, T]) FirstTimeout() time.Duration {
	if len(b.steps) == 0 || b.steps[0].timeout == nil {
		return 0
	}
	return *b.steps[0].timeout
}

// FirstMaxRunning is how many of the first step may run at once.
func (b Builder[In, T]) FirstMaxRunning() int {
	if len(b.steps) == 0 || b.steps[0].maxRunning == nil {
		return DefaultMaxRunning
	}
	return *b.steps[0].maxRunning
}

// BoundFirst gives the first step a time unless it has one of its own.
func (b Builder[In, T]) BoundFirst(d time.Duration) Builder[In, T] {
	if len(b.steps) > 0 && b.steps[0].timeout == nil {
		b.steps = slices.Clone(b.steps)
		b.steps[0].timeout = &d
	}
	return b
}

// HasStale reports whether a step answers with an old value.
func (b Builder[In, T]) HasStale() bool {
	return slices.ContainsFunc(b.steps, func(s spec[In, T]) bool { return s.state == degrade.Stale })
}
