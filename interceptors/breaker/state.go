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
	// Open: calls are refused until the open time is over.
	Open
	// HalfOpen: a few calls pass as probes, the others are refused.
	HalfOpen
	// ForcedOpen: all calls are refused, by Mode.
	ForcedOpen
	// Disabled: all calls pass and nothing is judged, by Mode.
	Disabled
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
	causeRun       = "consecutive_failures"
	causeFailures  = "failure_ratio"
	causeSlow      = "slow_ratio"
	causeShed      = "shedding"
	causeOverdue   = "overdue"
	causeProbe     = "probe_failed"
	causeSlowProbe = "probe_slow"
	causeShedProbe = "probe_shed"
	causeHungProbe = "probe_timeout"
	causeElapsed   = "open_time_over"
	causeRecovered = "probes_succeeded"
	causeMode      = "mode"
)

// figures are what a transition was decided on.
type figures struct {
	window.Counts

	overdue int
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
	// RetryAt is when an open breaker lets the next probe through. Zero: not open.
	RetryAt time.Time
	// Calls, Failures and Slow are what a closed breaker's window holds. Slow
	// calls that failed count as failures only.
	Calls, Failures, Slow int
	// ConsecutiveFailures is a closed breaker's present number of failures in a
	// row.
	ConsecutiveFailures int
	// Overdue is how many calls are in flight past SlowAfter.
	Overdue int
	// ProbesInFlight and ProbesSucceeded are those of a half-open breaker.
	ProbesInFlight, ProbesSucceeded int
	// Rejected is how many calls were refused, or would have been in mode Shadow.
	Rejected uint64
	// Late is how many outcomes came too late to count, after the state had
	// changed.
	Late uint64
}

// gauges returns the snapshot as numbers: for each state whether the breaker is in it.
func (s Snapshot) gauges() policy.Gauges {
	g := policy.Gauges{Name: s.Name, Shadow: s.Mode == Shadow}
	for state := Closed; state <= Disabled; state++ {
		in := policy.Gauge{
			Name: "circuit_breaker.state", Unit: "{circuit}", Description: "Circuits in each state, 1 or 0 for one circuit.",
			State: state.String(),
		}
		if state == s.State {
			in.Value = 1
		}
		g.All = append(g.All, in)
	}
	return g
}
