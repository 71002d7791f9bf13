package system

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
)

// Sickness is what can be wrong with a backend.
type Sickness int

const (
	// Well is a backend that answers as soon as it can.
	Well Sickness = iota
	// Hanging is one that does not answer before the caller has given up.
	Hanging
	// Failing is one that answers every call with UNAVAILABLE, at once.
	Failing
	// Slow is one that answers every call, but late.
	Slow
)

// SlowBy is how late a slow backend answers.
const SlowBy = 500 * time.Millisecond

// String returns the sickness as in "hanging".
func (s Sickness) String() string {
	switch s {
	case Well:
		return "well"
	case Hanging:
		return "hanging"
	case Failing:
		return "failing"
	case Slow:
		return "slow"
	default:
		return fmt.Sprintf("Sickness(%d)", int(s))
	}
}

// SicknessOf returns the sickness of that name.
func SicknessOf(name string) (Sickness, error) {
	for _, s := range []Sickness{Well, Hanging, Failing, Slow} {
		if s.String() == name {
			return s, nil
		}
	}
	return Well, fmt.Errorf("system: sickness = %q; must be well, hanging, failing or slow", name)
}

// symptoms returns what the sickness does to calls.
func (s Sickness) symptoms() fault.Config {
	switch s {
	case Hanging:
		return fault.Config{Delay: time.Minute, DelayShare: 1}
	case Failing:
		return fault.Config{Abort: codes.Unavailable, AbortShare: 1}
	case Slow:
		return fault.Config{Delay: SlowBy, DelayShare: 1}
	case Well:
		return fault.Config{}
	default:
		return fault.Config{}
	}
}
