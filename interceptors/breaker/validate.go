package breaker

import (
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// validate checks a config whose zeros were filled in.
func (c Config) validate() error {
	f := validate.Of("breaker")
	f.Require(c.Mode.valid(), "mode", c.Mode, "automatic, always_open, always_closed or shadow")
	c.validateWindow(f)
	c.validateRules(f)
	c.validateRecovery(f)
	return f.Err()
}

func (c Config) validateWindow(f *validate.Faults) {
	validate.Between(f, "window", c.Window, 100*time.Millisecond, time.Hour)
	validate.Between(f, "buckets", c.Buckets, 1, 100)
	validate.Between(f, "window_calls", c.WindowCalls, 0, 10_000)
	validate.Between(f, "min_calls", c.MinCalls, 1, 1_000_000)
	if c.WindowCalls > 0 {
		f.Require(c.MinCalls <= c.WindowCalls, "min_calls", c.MinCalls, fmt.Sprintf("at most window_calls (%d)", c.WindowCalls))
	}
}

func (c Config) validateRules(f *validate.Faults) {
	const share = "in (0, 1]"
	f.Require(c.FailureRatio == Off || 0 < c.FailureRatio && c.FailureRatio <= 1, "failure_ratio", c.FailureRatio, share)
	f.Require(0 < c.SlowRatio && c.SlowRatio <= 1, "slow_ratio", c.SlowRatio, share)
	if c.ConsecutiveFailures != Off {
		validate.Between(f, "consecutive_failures", c.ConsecutiveFailures, 1, 1_000_000)
	}
	optional(f, "slow_after", c.SlowAfter, time.Hour)
	f.Require(c.FailureRatio != Off || c.ConsecutiveFailures != Off || c.SlowAfter != 0,
		"failure_ratio, consecutive_failures, slow_after", "off", "on, one of them at least; to never open, set mode to always_closed")
}

func (c Config) validateRecovery(f *validate.Faults) {
	const day = 24 * time.Hour
	validate.Between(f, "open_for", c.OpenFor, time.Millisecond, day)
	validate.Between(f, "max_open_for", c.MaxOpenFor, c.OpenFor, day)
	validate.Between(f, "probes", c.Probes, 1, 1000)
	validate.Between(f, "successes_to_close", c.SuccessesToClose, 1, 1000)
	validate.Between(f, "probe_timeout", c.ProbeTimeout, time.Millisecond, time.Hour)
	optional(f, "min_deadline", c.MinDeadline, time.Hour)
	validate.Between(f, "stream_grace", c.StreamGrace, time.Millisecond, day)
}

// optional requires a duration in [1ms, most], or zero for off.
func optional(f *validate.Faults, field string, d, most time.Duration) {
	if d != 0 {
		validate.Between(f, field, d, time.Millisecond, most)
	}
}
