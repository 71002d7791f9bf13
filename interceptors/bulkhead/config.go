package bulkhead

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Hard maxima of a Config.
const (
	maxPlaces = 1_000_000
	maxSeats  = 1_000_000
	maxWait   = time.Hour
)

// Config says how many calls may run and wait. The zero Config is not valid.
// Configs can be compared with ==.
type Config struct {
	// MaxConcurrent is how many calls may be in flight. Range [1, 1000000].
	// Required.
	MaxConcurrent int
	// MaxQueue is how many calls may wait for a place. Range [0, 1000000]. Default
	// 0: calls do not wait.
	MaxQueue int
	// MaxWait is the longest time that a call waits. Range (0s, 1h] with a queue;
	// must be 0 without one.
	MaxWait time.Duration
	// MaxStreams, if set, is how many streams may be open besides: they have places
	// of their own, so that idle ones leave room for unary calls, and they do not wait.
	// Range [0, 1000000]. Default 0: a stream takes one of the places of all calls.
	MaxStreams int
	// Shadow admits every call at once and only counts those that would have been
	// refused, to try out a configuration. It counts calls beyond MaxConcurrent
	// and MaxQueue together, not calls that would have run out of time in the
	// queue. Default false.
	Shadow bool
}

// under returns the configuration as a directive has it, which may not be one for bulkheads.
func (c *Config) under(d policy.Directive) (*Config, bool) {
	if d == (policy.Directive{}) {
		return c, true
	}
	own := *c
	switch {
	case d == policy.Directive{Action: policy.Disable}:
		own.Shadow = true
		return &own, true
	case d.Action == policy.SetPlaces && 1 <= d.Places && d.Places <= maxPlaces:
		own.MaxConcurrent = d.Places
		return &own, true
	default:
		return nil, false
	}
}

// hasRoom reports whether a new call may take a place: one is free, and no call waits for
// it. In shadow there is always room.
func (c *Config) hasRoom(s queue.Counts) bool {
	return s.Waiting() == 0 && (s.InFlight() < c.MaxConcurrent || c.Shadow)
}

// validate reports all faults, joined.
func (c Config) validate() error {
	faults := validate.Of(kind)
	validate.Between(faults, "max_concurrent", c.MaxConcurrent, 1, maxPlaces)
	validate.Between(faults, "max_queue", c.MaxQueue, 0, maxSeats)
	validate.Between(faults, "max_streams", c.MaxStreams, 0, maxPlaces)
	inRange := 0 <= c.MaxWait && c.MaxWait <= maxWait
	switch {
	case c.MaxQueue > 0:
		faults.Require(inRange && c.MaxWait != 0, "max_wait", c.MaxWait, "in (0s, 1h]")
	case c.MaxQueue == 0:
		faults.Require(c.MaxWait == 0, "max_wait", c.MaxWait, "0s without max_queue")
	default:
		faults.Require(inRange, "max_wait", c.MaxWait, "in [0s, 1h]")
	}
	return faults.Err()
}
