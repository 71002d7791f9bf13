package config

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
)

// In a configuration, a zero field means the default. In a message, a field is
// either not given or has a value, which may be zero. If the configuration cannot
// express that zero, it becomes a value that every configuration refuses.

// never is a number that no field may have. It differs from breaker.Off.
const never = -2

// orNever returns the number of a field for which zero is not valid.
func orNever(n *int32) int { return orOff(n, never) }

// orOff returns the number of a field that is off at zero.
func orOff(n *int32, off int) int {
	switch {
	case n == nil:
		return 0
	case *n == 0:
		return off
	case *n < 0:
		return never
	default:
		return int(*n)
	}
}

// shareOrOff returns the share of a field that is off at zero.
func shareOrOff(share *float64, off float64) float64 {
	switch {
	case share == nil:
		return 0
	case *share == 0:
		return off
	case *share < 0:
		return never
	default:
		return *share
	}
}

// lasting returns the duration of a field for which zero is not valid.
func lasting(d *durationpb.Duration) time.Duration {
	if d != nil && d.AsDuration() == 0 {
		return never
	}
	return d.AsDuration()
}

// lastingOrOff returns the duration of a field that is off at zero.
func lastingOrOff(d *durationpb.Duration, off time.Duration) time.Duration {
	if d != nil && d.AsDuration() == 0 {
		return off
	}
	if d.AsDuration() == off {
		return never
	}
	return d.AsDuration()
}

// The way back.

// int32Of returns a count in a message.
func int32Of(n int) int32 {
	return int32(min(n, math.MaxInt32)) //nolint:gosec // fits, as the line says
}

// number returns a field that is given.
func number(n int) *int32 { return new(int32Of(n)) }

// lastingFor returns a duration that is given, unless it is zero.
func lastingFor(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
