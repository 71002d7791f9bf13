package breaker

import (
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Off switches off what is on by default: FailureRatio, ConsecutiveFailures, SlowAfter
// or SlowStart. Zero does not: it is the default. A rules file has the word off for it.
const Off = -1

// Config says when a breaker opens and how it closes again. The zero Config is
// a good default. Configs can be compared with ==.
type Config struct {
	// Mode is how the breaker works. Default Automatic.
	Mode Mode

	// Window is how far back outcomes count. Range [100ms, 1h]. Default 10s.
	Window time.Duration
	// Buckets is the number of parts that the Window is divided into and slides
	// by. Range [1, 100]. Default 10. Ignored with WindowCalls.
	Buckets int
	// WindowCalls, if set, makes the window consist of that many last calls
	// instead of a period of time. Range [1, 10000]. Default 0: a period of time.
	WindowCalls int

	// FailureRatio is the share of failed calls in the window at which the
	// breaker opens. Range (0, 1], or Off. Default 0: by evidence. That is 0.9, if it is
	// no chance for a dependency that fails by 0.8; of calls that all fail, 64 are
	// enough. With WindowCalls it is just 0.9.
	FailureRatio float64
	// MinCalls is how many calls must be in the window before a share is judged.
	// Range [1, 1000000], with WindowCalls at most that. Default 20, or
	// WindowCalls if that is less.
	MinCalls int
	// ConsecutiveFailures is the number of failures in a row at which the breaker
	// opens, whatever the window holds. Range [1, 1000000], or Off. Default 0: by
	// evidence. That is as many as are no chance for a dependency that failed as often as
	// the window says before them: 8 for a healthy one, 15 where nothing is known, 32
	// where 60 % fail; and 24 where calls are rarer than the window remembers.
	ConsecutiveFailures int

	// SlowAfter is how long a call must take, in flight or ended, to count as
	// slow. Range [1ms, 1h], or Off: calls are not judged by time. Default 0: it is
	// learned. Then a slow answer is an answer; but where nothing is answered for half
	// of a caller's time, the dependency hangs.
	SlowAfter time.Duration
	// SlowRatio is the share of failed and slow calls together at which the
	// breaker opens. Range (0, 1]. Default 0.5 with SlowAfter; without it none, and at
	// 0.5 only callers who have something else are refused (see [Slow]). Set it, low and
	// without SlowAfter, where a quick refusal is worth more than a slow answer.
	SlowRatio float64

	// OpenFor is the longest time that an open breaker waits for its next probe. It
	// waits for a fifth of the time since it opened, at most a fifth of OpenFor; for twice
	// what a failed call took, at most half of OpenFor; and until so many calls have come
	// that a probe is one in 80 of them, at most OpenFor: whichever is longest.
	// After shedding (see [SheddingLimit]), it waits for an eighth, a quarter, a half and
	// then the whole. Range [1ms, 24h]. Default 10s.
	OpenFor time.Duration
	// MaxOpenFor bounds how long a dependency may ask to be left alone, by RetryInfo or
	// pushback, and how far jitter goes. Range [OpenFor, 24h]. Default 60s, or OpenFor if
	// that is more.
	MaxOpenFor time.Duration
	// NoJitter keeps waits exact. By default they are up to 20 % longer, each another
	// time, so that the processes of a fleet do not probe in step.
	NoJitter bool

	// Probes is how many probes of an open breaker may be under way at a time. The next one
	// is sent when it is due, also if one is still running. Range [1, 1000]. Default 3.
	Probes int
	// SuccessesToClose is how many probes in a row must succeed before more calls than
	// probes pass. Range [1, 1000]. Default 1.
	SuccessesToClose int
	// ProbeTimeout is the time after which a probe that is still running makes room for
	// another one. It decides nothing: how it ends counts all the same. Range [1ms, 1h].
	// Default 10s.
	ProbeTimeout time.Duration
	// SlowStart is how long it takes from the first good probe until all calls pass: 10 %
	// of them at first, then 25 % and 50 %, each for a third of the time. Where calls fail
	// again, the share steps back. Range [1ms, 1h], or Off: all at once. Default 600ms.
	SlowStart time.Duration

	// MinDeadline is the least time a caller must give a call for its
	// DEADLINE_EXCEEDED to count; with less, it is ignored. Range [1ms, 1h].
	// Default 0: all count.
	MinDeadline time.Duration
	// StreamGrace is the age from which a stream that has shown a sign of life may
	// end UNAVAILABLE, or be reset, without counting as failed. Range [1ms, 24h]. Default 30s.
	StreamGrace time.Duration
}

// The defaults of a [Config].
const (
	DefaultWindow           = 10 * time.Second
	DefaultBuckets          = 10
	DefaultMinCalls         = 20
	DefaultSlowRatio        = 0.5
	DefaultOpenFor          = 10 * time.Second
	DefaultMaxOpenFor       = 60 * time.Second
	DefaultProbes           = 3
	DefaultSuccessesToClose = 1
	DefaultProbeTimeout     = 10 * time.Second
	DefaultSlowStart        = 600 * time.Millisecond
	DefaultStreamGrace      = 30 * time.Second
)

// Consecutive returns a Config that opens the breaker after n failures in a row, and by no
// ratio of failures, probes after openFor at the latest, and closes with the first good
// probe. The other fields have their defaults.
func Consecutive(n int, openFor time.Duration) Config {
	return Config{FailureRatio: Off, ConsecutiveFailures: n, OpenFor: openFor, SlowStart: Off}
}

// withDefaults returns c with its zeros filled in.
func (c Config) withDefaults() Config {
	fill(&c.Window, DefaultWindow)
	fill(&c.Buckets, DefaultBuckets)
	fill(&c.MinCalls, c.defaultMinCalls())
	if c.WindowCalls > 0 {
		fill(&c.FailureRatio, uselessShare)
	}
	if c.SlowAfter > 0 {
		fill(&c.SlowRatio, DefaultSlowRatio)
	}
	fill(&c.OpenFor, DefaultOpenFor)
	fill(&c.MaxOpenFor, max(DefaultMaxOpenFor, c.OpenFor))
	fill(&c.Probes, DefaultProbes)
	fill(&c.SuccessesToClose, DefaultSuccessesToClose)
	fill(&c.ProbeTimeout, DefaultProbeTimeout)
	fill(&c.SlowStart, DefaultSlowStart)
	fill(&c.StreamGrace, DefaultStreamGrace)
	return c
}

func (c Config) defaultMinCalls() int {
	if c.WindowCalls > 0 {
		return min(DefaultMinCalls, c.WindowCalls)
	}
	return DefaultMinCalls
}

// fill sets a zero field to its default.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

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
	f.Require(c.FailureRatio == Off || 0 <= c.FailureRatio && c.FailureRatio <= 1, "failure_ratio", c.FailureRatio, share+validate.OrOff)
	f.Require(0 <= c.SlowRatio && c.SlowRatio <= 1, "slow_ratio", c.SlowRatio, share)
	if c.ConsecutiveFailures != 0 {
		betweenOrOff(f, "consecutive_failures", c.ConsecutiveFailures, 1, 1_000_000)
	}
	if c.SlowAfter != 0 {
		betweenOrOff(f, "slow_after", c.SlowAfter, time.Millisecond, time.Hour)
	}
	f.Require(c.FailureRatio != Off || c.ConsecutiveFailures != Off || c.SlowAfter != Off,
		"failure_ratio, consecutive_failures, slow_after", "off", "on, one of them at least; to never open, set mode to always_closed")
}

func (c Config) validateRecovery(f *validate.Faults) {
	const day = 24 * time.Hour
	validate.Between(f, "open_for", c.OpenFor, time.Millisecond, day)
	validate.Between(f, "max_open_for", c.MaxOpenFor, c.OpenFor, day)
	validate.Between(f, "probes", c.Probes, 1, 1000)
	validate.Between(f, "successes_to_close", c.SuccessesToClose, 1, 1000)
	validate.Between(f, "probe_timeout", c.ProbeTimeout, time.Millisecond, time.Hour)
	betweenOrOff(f, "slow_start", c.SlowStart, time.Millisecond, time.Hour)
	optional(f, "min_deadline", c.MinDeadline, time.Hour)
	validate.Between(f, "stream_grace", c.StreamGrace, time.Millisecond, day)
}

// optional requires a duration in [1ms, most], or zero for off.
func optional(f *validate.Faults, field string, d, most time.Duration) {
	if d != 0 {
		validate.Between(f, field, d, time.Millisecond, most)
	}
}

// betweenOrOff requires a value in [low, high], or Off.
func betweenOrOff[T int | time.Duration](f *validate.Faults, field string, value, low, high T) {
	if value != Off && (value < low || value > high) {
		f.Require(false, field, value, fmt.Sprintf("in [%v, %v]%s", low, high, validate.OrOff))
	}
}
