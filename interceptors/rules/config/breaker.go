package config

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// breakerRow returns the row of circuit breakers.
func breakerRow() kind {
	return row[*policyv1.Breaker, breaker.Config, *breaker.Breaker, breaker.Snapshot]{
		field: "breaker", each: eachBreaker, told: breakerMessage,
		config: (*breaker.Breaker).Config, snapshot: (*breaker.Breaker).Snapshot, status: breakerStatus,
		watch: func(m *policyv1.Breaker) string {
			if mode := modeOf(m.GetMode()); mode == breaker.AlwaysOpen || mode == breaker.AlwaysClosed {
				return fmt.Sprintf("mode is %v; must be automatic in a shadow rule", mode)
			}
			return ""
		},
	}
}

// mayBeOff returns the fields of a breaker's message that may be off. It is the same
// number everywhere, breaker.Off, for which a file has a word.
func mayBeOff() []protoreflect.Name {
	return []protoreflect.Name{"failure_ratio", "consecutive_failures", "slow_after", "slow_start"}
}

// eachBreaker returns the template of a message.
func eachBreaker(m *policyv1.Breaker) rules.Template {
	return breaker.Each(breaker.Config{
		Mode:                modeOf(m.GetMode()),
		Window:              lasting(m.GetWindow()),
		Buckets:             int(orNever(m.Buckets)),
		WindowCalls:         int(m.GetWindowCalls()),
		FailureRatio:        orOff(m.FailureRatio),
		MinCalls:            int(orNever(m.MinCalls)),
		ConsecutiveFailures: int(orOff(m.ConsecutiveFailures)),
		SlowAfter:           lastingOrOff(m.GetSlowAfter()),
		SlowRatio:           orNever(m.SlowRatio),
		OpenFor:             lasting(m.GetOpenFor()),
		MaxOpenFor:          lasting(m.GetMaxOpenFor()),
		NoJitter:            m.GetNoJitter(),
		Probes:              int(orNever(m.Probes)),
		SuccessesToClose:    int(orNever(m.SuccessesToClose)),
		ProbeTimeout:        lasting(m.GetProbeTimeout()),
		MinDeadline:         lasting(m.GetMinDeadline()),
		StreamGrace:         lasting(m.GetStreamGrace()),
		SlowStart:           lastingOrOff(m.GetSlowStart()),
	})
}

// modeOf returns the mode of a breaker, an invalid one if there is no such mode.
func modeOf(m policyv1.Breaker_Mode) breaker.Mode {
	switch m {
	case policyv1.Breaker_MODE_UNSPECIFIED, policyv1.Breaker_MODE_AUTOMATIC:
		return breaker.Automatic
	case policyv1.Breaker_MODE_ALWAYS_OPEN:
		return breaker.AlwaysOpen
	case policyv1.Breaker_MODE_ALWAYS_CLOSED:
		return breaker.AlwaysClosed
	case policyv1.Breaker_MODE_SHADOW:
		return breaker.Shadow
	default:
		return breaker.Shadow + 1
	}
}

// breakerMessage returns the message of a configuration whose defaults are filled in.
func breakerMessage(cfg breaker.Config) *policyv1.Breaker {
	return &policyv1.Breaker{
		Mode:                policyv1.Breaker_Mode(cfg.Mode) + 1,
		Window:              durationpb.New(cfg.Window),
		Buckets:             number(cfg.Buckets),
		WindowCalls:         int32Of(cfg.WindowCalls),
		FailureRatio:        byHand(cfg.FailureRatio),
		MinCalls:            number(cfg.MinCalls),
		ConsecutiveFailures: byHand(int32Of(cfg.ConsecutiveFailures)),
		SlowAfter:           lastingFor(cfg.SlowAfter),
		SlowRatio:           byHand(cfg.SlowRatio),
		OpenFor:             durationpb.New(cfg.OpenFor),
		MaxOpenFor:          durationpb.New(cfg.MaxOpenFor),
		NoJitter:            cfg.NoJitter,
		Probes:              number(cfg.Probes),
		SuccessesToClose:    number(cfg.SuccessesToClose),
		ProbeTimeout:        durationpb.New(cfg.ProbeTimeout),
		MinDeadline:         lastingFor(cfg.MinDeadline),
		StreamGrace:         durationpb.New(cfg.StreamGrace),
		SlowStart:           lastingFor(cfg.SlowStart),
	}
}

// byHand returns a threshold that is set by hand or off, and nothing if it is left to
// evidence.
func byHand[N int32 | float64](threshold N) *N {
	if threshold == 0 {
		return nil
	}
	return new(threshold)
}

// breakerStatus returns the message of a breaker at one moment.
func breakerStatus(cfg breaker.Config, s breaker.Snapshot) proto.Message {
	m := &policyv1.BreakerStatus{
		Config:              breakerMessage(cfg),
		State:               policyv1.BreakerStatus_State(s.State) + 1,
		Since:               timestamppb.New(s.Since),
		Calls:               int32Of(s.Calls),
		Failures:            int32Of(s.Failures),
		Slow:                int32Of(s.Slow),
		ConsecutiveFailures: int32Of(s.ConsecutiveFailures),
		Overdue:             int32Of(s.Overdue),
		ProbesInFlight:      int32Of(s.ProbesInFlight),
		ProbesSucceeded:     int32Of(s.ProbesSucceeded),
		Rejected:            s.Rejected,
		Late:                s.Late,
		AdmittedShare:       s.AdmittedShare,
		Usual:               lastingFor(s.Usual),
		Recent:              lastingFor(s.Recent),
	}
	if !s.RetryAt.IsZero() {
		m.RetryAt = timestamppb.New(s.RetryAt)
	}
	return m
}
