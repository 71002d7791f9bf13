package breaker

import "time"

// Off switches off a rule that is on by default: FailureRatio or
// ConsecutiveFailures.
const Off = -1

// Config says when a breaker opens and how it closes again. The zero Config is
// a good default. Configs can be compared with ==.
type Config struct {
	// Mode is how the breaker works. Default Automatic.
	Mode Mode

	// Window is how far back outcomes count. Range [100ms, 1h]. Default 10s. Each
	// such period spent closed also halves the next open time, even with
	// WindowCalls.
	Window time.Duration
	// Buckets is the number of parts that the Window is divided into and slides
	// by. Range [1, 100]. Default 10. Ignored with WindowCalls.
	Buckets int
	// WindowCalls, if set, makes the window consist of that many last calls
	// instead of a period of time. Range [1, 10000]. Default 0: a period of time.
	WindowCalls int

	// FailureRatio is the share of failed calls in the window at which the
	// breaker opens. Range (0, 1], or Off. Default 0.5.
	FailureRatio float64
	// MinCalls is how many calls must be in the window before a share is judged.
	// Range [1, 1000000], with WindowCalls at most that. Default 20, or
	// WindowCalls if that is less.
	MinCalls int
	// ConsecutiveFailures is the number of failures in a row at which the breaker
	// opens, whatever the window holds. Range [1, 1000000], or Off. Default 10.
	ConsecutiveFailures int

	// SlowAfter is how long a call must take, in flight or ended, to count as
	// slow. Range [1ms, 1h]. Default 0: calls are not judged by time.
	SlowAfter time.Duration
	// SlowRatio is the share of failed and slow calls together at which the
	// breaker opens. Range (0, 1]. Default 0.5. It has no effect without
	// SlowAfter.
	SlowRatio float64

	// OpenFor is how long the breaker stays open the first time. The open time
	// doubles each time the breaker opens again, and halves for each Window spent
	// closed. Range [1ms, 24h]. Default 5s.
	OpenFor time.Duration
	// MaxOpenFor bounds the open time. Range [OpenFor, 24h]. Default 60s, or
	// OpenFor if that is more.
	MaxOpenFor time.Duration
	// NoJitter keeps open times exact. By default they vary by up to 20 % either
	// way, so that the processes of a fleet do not probe in step.
	NoJitter bool

	// Probes is how many calls a half-open breaker lets through at a time. Range
	// [1, 1000]. Default 1.
	Probes int
	// SuccessesToClose is how many probes must succeed for the breaker to close.
	// Range [1, 1000]. Default 3.
	SuccessesToClose int
	// ProbeTimeout is the time after which an unanswered probe counts as failed.
	// Range [1ms, 1h]. Default 10s.
	ProbeTimeout time.Duration

	// MinDeadline is the least time a caller must give a call for its
	// DEADLINE_EXCEEDED to count; with less, it is ignored. Range [1ms, 1h].
	// Default 0: all count.
	MinDeadline time.Duration
	// StreamGrace is the age from which a stream that has delivered messages may
	// end UNAVAILABLE without counting as failed. Range [1ms, 24h]. Default 30s.
	StreamGrace time.Duration
}

// The defaults of a [Config].
const (
	DefaultWindow              = 10 * time.Second
	DefaultBuckets             = 10
	DefaultFailureRatio        = 0.5
	DefaultMinCalls            = 20
	DefaultConsecutiveFailures = 10
	DefaultSlowRatio           = 0.5
	DefaultOpenFor             = 5 * time.Second
	DefaultMaxOpenFor          = 60 * time.Second
	DefaultProbes              = 1
	DefaultSuccessesToClose    = 3
	DefaultProbeTimeout        = 10 * time.Second
	DefaultStreamGrace         = 30 * time.Second
)

// Consecutive returns a Config that opens the breaker for openFor after n
// failures in a row, and by no ratio of failures. The other fields have their
// defaults.
func Consecutive(n int, openFor time.Duration) Config {
	return Config{FailureRatio: Off, ConsecutiveFailures: n, OpenFor: openFor}
}

// withDefaults returns c with its zeros filled in.
func (c Config) withDefaults() Config {
	fill(&c.Window, DefaultWindow)
	fill(&c.Buckets, DefaultBuckets)
	fill(&c.FailureRatio, DefaultFailureRatio)
	fill(&c.MinCalls, c.defaultMinCalls())
	fill(&c.ConsecutiveFailures, DefaultConsecutiveFailures)
	fill(&c.SlowRatio, DefaultSlowRatio)
	fill(&c.OpenFor, DefaultOpenFor)
	fill(&c.MaxOpenFor, max(DefaultMaxOpenFor, c.OpenFor))
	fill(&c.Probes, DefaultProbes)
	fill(&c.SuccessesToClose, DefaultSuccessesToClose)
	fill(&c.ProbeTimeout, DefaultProbeTimeout)
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
