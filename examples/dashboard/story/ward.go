package story

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/examples/dashboard/backend"
	"github.com/afloat-go/afloat/interceptors/fault"
)

// ward is a backend that can be made sick.
type ward struct {
	server *backend.Server
	fault  *fault.Fault
}

// sickness is what can be wrong with a backend.
type sickness int

const (
	// well: it answers as soon as it can.
	well sickness = iota
	// hanging: it does not answer before the caller has given up.
	hanging
	// failing: it answers every call with UNAVAILABLE, at once.
	failing
	// slow: it answers every call, but late.
	slow
)

// symptoms says what a fault does to calls.
func (s sickness) symptoms() fault.Config {
	switch s {
	case hanging:
		return fault.Config{Delay: time.Minute, DelayShare: 1}
	case failing:
		return fault.Config{Abort: codes.Unavailable, AbortShare: 1}
	case slow:
		return fault.Config{Delay: 500 * time.Millisecond, DelayShare: 1}
	case well:
		return fault.Config{}
	default:
		return fault.Config{}
	}
}

func newWard() (*ward, error) {
	f, err := fault.New(well.symptoms())
	if err != nil {
		return nil, fmt.Errorf("story: %w", err)
	}
	return &ward{fault: f}, nil
}

// sicken changes what is wrong with the backend of the given name. It does
// nothing if there is no name.
func (s *system) sicken(name string, how sickness) error {
	if name == "" {
		return nil
	}
	if err := s.backends[name].fault.Update(how.symptoms()); err != nil {
		return fmt.Errorf("story: %s: %w", name, err)
	}
	return nil
}

// arrivedAt is how many calls have come to the backend of the given name, 0 if
// there is no name.
func (s *system) arrivedAt(name string) uint64 {
	if name == "" {
		return 0
	}
	return s.backends[name].server.Arrived()
}
