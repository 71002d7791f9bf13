package overload

import (
	"fmt"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Config says what a controller does. There is nothing to tune. Configs can be compared
// with ==.
type Config struct {
	// Mode is what the controller does with the calls that it would refuse. Default
	// Automatic.
	Mode Mode
}

// Mode is what a controller does with calls.
type Mode uint8

// The modes.
const (
	// Automatic refuses what cannot be answered in time, the least critical calls first.
	Automatic Mode = iota
	// Shadow admits every call at once and counts those that would have been refused.
	Shadow
	// Exempt admits every call and counts none. In a rule it exempts the rule's calls from
	// the control of their server.
	Exempt
)

// String returns the mode's name, such as "shadow".
func (m Mode) String() string {
	switch m {
	case Automatic:
		return "automatic"
	case Shadow:
		return "shadow"
	case Exempt:
		return "exempt"
	default:
		return fmt.Sprintf("Mode(%d)", uint8(m))
	}
}

// validate reports all faults, joined.
func (c Config) validate() error {
	faults := validate.Of(kind)
	faults.Require(c.Mode <= Exempt, "mode", c.Mode, "Automatic, Shadow or Exempt")
	return faults.Err()
}
