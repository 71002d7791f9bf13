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
	// Narrow is one whose database does one thing at a time: it answers [Capacity] calls a
	// second and no more, and who asks for more waits ever longer.
	Narrow
)

// SlowBy is how late a slow backend answers.
const SlowBy = 500 * time.Millisecond

// Capacity is how many calls a second a narrow backend can answer.
const Capacity = 250

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
	case Narrow:
		return "narrow"
	default:
		return fmt.Sprintf("Sickness(%d)", int(s))
	}
}

// SicknessOf returns the sickness of that name.
func SicknessOf(name string) (Sickness, error) {
	for _, s := range []Sickness{Well, Hanging, Failing, Slow, Narrow} {
		if s.String() == name {
			return s, nil
		}
	}
	return Well, fmt.Errorf("system: sickness = %q; must be well, hanging, failing, slow or narrow", name)
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
	case Well, Narrow:
		return fault.Config{}
	default:
		return fault.Config{}
	}
}

// takes returns how long the database takes for each call, alone. Zero: nothing that counts.
func (s Sickness) takes() time.Duration {
	if s == Narrow {
		return time.Second / Capacity
	}
	return 0
}
