package breaker

import (
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// State is what a breaker does with calls.
type State uint8

// The states.
const (
	// Closed: calls pass and are judged.
	Closed State = iota
	// Open: calls are refused, until it is time to try one.
	Open
	// HalfOpen: the dependency is being tried. The next call will be a probe, or probes
	// are under way, or the dependency has answered one and a share of the calls pass
	// that grows.
	HalfOpen
	// ForcedOpen: all calls are refused, by Mode.
	ForcedOpen
	// Disabled: all calls pass and nothing is judged, by Mode.
	Disabled
	// Slow: the dependency takes longer than it usually does. Calls pass and are judged,
	// but for those whose callers have something else (see [policy.WithAlternative]).
	Slow
)

// String returns the state's name, such as "half_open".
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case HalfOpen:
		return "half_open"
	case ForcedOpen:
		return "forced_open"
	case Disabled:
		return "disabled"
	case Slow:
		return "slow"
	default:
		return fmt.Sprintf("State(%d)", uint8(s))
	}
}

// Mode is how a breaker works.
type Mode uint8

// The modes.
const (
	// Automatic: the state follows the outcomes of calls.
	Automatic Mode = iota
	// AlwaysOpen refuses every call and never probes, until the mode changes.
	AlwaysOpen
	// AlwaysClosed lets every call pass and judges none, until the mode changes.
	AlwaysClosed
	// Shadow changes state on real outcomes but refuses nothing, to try out a
	// configuration. While it is half-open, the results of calls count as those of
	// probes.
	Shadow
)

// String returns the mode's name, such as "always_open".
func (m Mode) String() string {
	switch m {
	case Automatic:
		return "automatic"
	case AlwaysOpen:
		return "always_open"
	case AlwaysClosed:
		return "always_closed"
	case Shadow:
		return "shadow"
	default:
		return fmt.Sprintf("Mode(%d)", uint8(m))
	}
}

func (m Mode) valid() bool { return m <= Shadow }

// forcedBy returns the mode that forces the state, Automatic if none does.
func forcedBy(m Mode) Mode {
	if m == Shadow {
		return Automatic
	}
	return m
}

// Causes of transitions, as reported.
const (
	causeRun        = "consecutive_failures"
	causeFailures   = "failure_ratio"
	causeSlow       = "slow_ratio"
	causeShed       = "shedding"
	causeOverdue    = "overdue"
	causeProbeLives = "probe_lives"
	causeAnswered   = "answered"
	causeRecovered  = "recovered"
	causeProbe      = "probe_succeeded"
	causeConfig     = "config"
	causeMode       = "mode"
	causeOverride   = "override"
	causeTrip       = "trip"
	causeReset      = "reset"
)

// judgesTime reports whether a circuit that opened for a cause did so because calls took
// too long.
func judgesTime(cause string) bool { return cause == causeSlow || cause == causeOverdue }

// figures are what a transition was decided on.
type figures struct {
	window.Counts

	overdue int
	// by names what of the rule judged the call that tipped it.
	by string
}

// Snapshot is a breaker at one moment, for display.
type Snapshot struct {
	// Name is the breaker's name.
	Name string
	// State and Mode are the present ones.
	State State
	Mode  Mode
	// Since is when the breaker entered the state.
	Since time.Time
	// RetryAt is when a breaker that refuses all calls but its probes lets the next one
	// through. Zero: it is not such a time.
	RetryAt time.Time
	// OpenedBy names what of the rule said that the last call before the breaker opened is
	// a failure, such as a condition. Empty: nothing did, or the breaker is not open.
	OpenedBy string
	// AdmittedShare is the share of calls that pass while a recovered dependency gets
	// more and more of them, in (0, 1). Zero: it is not such a time.
	AdmittedShare float64
	// Calls, Failures and Slow are what a closed breaker's window holds, or what has
	// ended since a share of the calls passes. Slow calls that failed count as failures
	// only.
	Calls, Failures, Slow int
	// ConsecutiveFailures is the present number of failures in a row.
	ConsecutiveFailures int
	// Overdue is how many calls are in flight past SlowAfter, or past what was learned.
	Overdue int
	// ProbesInFlight is how many probes are under way, and ProbesSucceeded how many of
	// SuccessesToClose have succeeded.
	ProbesInFlight, ProbesSucceeded int
	// Usual is the time in which 99 of 100 healthy calls are answered, as it was learned.
	// Zero: that is not known, or SlowAfter is set by hand.
	Usual time.Duration
	// Recent is the same as it was last seen. It is longer than Usual where calls get
	// slower faster than a breaker follows: what creeps is not taken for usual at once.
	Recent time.Duration
	// Rejected is how many calls were refused, or would have been in mode Shadow.
	Rejected uint64
	// Late is how many outcomes came too late to count, after the state had
	// changed.
	Late uint64
}

// The places of what is no state among the gauges, which begin with the states in order.
const (
	usualGauge = iota + int(Slow) + 1
	recentGauge
	allGauges
)

// gauges are the numbers that a breaker shows of itself, all zero: for each state whether
// it is in it, and how long calls take.
var gauges = newGauges() //nolint:gochecknoglobals // constants

// newGauges makes the gauges.
func newGauges() (all [allGauges]policy.Gauge) {
	for state := Closed; state <= Slow; state++ {
		all[state] = policy.Gauge{
			Name: "circuit_breaker.state", Unit: "{circuit}", Description: "Circuits in each state, 1 or 0 for one circuit.",
			State: state.String(),
		}
	}
	all[usualGauge] = timeOf("usual_duration", "How long calls usually take: 99 of 100 healthy ones are answered in this time, as it was learned.")
	all[recentGauge] = timeOf("recent_duration", "The same as it was last seen, whether learned yet or not.")
	return all
}

// timeOf returns a time as a number of a breaker.
func timeOf(name, description string) policy.Gauge {
	return policy.Gauge{Name: "circuit_breaker." + name, Description: description, IsTime: true}
}
