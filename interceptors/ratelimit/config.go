package ratelimit

import (
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Config says how many calls may start. The zero Config is not valid. Configs
// can be compared with ==.
type Config struct {
	// PerSecond is the number of tokens added per second. Required. Range
	// [0.000001, 1000000000].
	PerSecond float64
	// Burst is the capacity of the bucket: how many calls may start at once after
	// a pause. Range [1, 1000000000]. Default: PerSecond, rounded up.
	Burst int
	// MaxWait is how long a call may wait for its token. Range [0s, 1h]. Default
	// 0s: calls do not wait.
	MaxWait time.Duration
	// Shadow admits every call at once and only counts those that would have been
	// refused, to try out a configuration. Default false.
	Shadow bool
}

const least, most = 0.000001, 1_000_000_000

// withDefaults fills Burst. A PerSecond out of range leaves it 1: validate
// names the true fault.
func (c Config) withDefaults() Config {
	if c.Burst == 0 {
		c.Burst = 1
		if c.PerSecond > 1 && c.PerSecond <= most {
			c.Burst = int(math.Ceil(c.PerSecond))
		}
	}
	return c
}

// validate reports all faults of c.
func (c Config) validate() error {
	f := validate.Of(kind)
	f.Require(least <= c.PerSecond && c.PerSecond <= most, "per_second", c.PerSecond, "in [0.000001, 1000000000]")
	validate.Between(f, "burst", c.Burst, 1, most)
	validate.Between(f, "max_wait", c.MaxWait, 0, time.Hour)
	return f.Err()
}
