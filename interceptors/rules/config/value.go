package config

import (
	"fmt"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// In a configuration, a zero field means the default. In a message, a field is either
// not given or has a value; a zero that the configuration cannot express becomes a value
// that every configuration refuses. What is off is the same number in both.

// never is a number that no field may have. It differs from breaker.Off.
const never = -2

// orNever returns the number of a field for which neither zero nor less is valid.
func orNever[N int32 | float64](n *N) N {
	switch {
	case n == nil:
		return 0
	case *n <= 0:
		return never
	default:
		return *n
	}
}

// orOff returns the number of a field that may be off.
func orOff[N int32 | float64](n *N) N {
	if n != nil && *n == breaker.Off {
		return breaker.Off
	}
	return orNever(n)
}

// lasting returns the duration of a field for which zero is not valid.
func lasting(d *durationpb.Duration) time.Duration {
	if d != nil && d.AsDuration() == 0 || d.AsDuration() == breaker.Off {
		return never
	}
	return d.AsDuration()
}

// lastingOrOff returns the duration of a field that may be off.
func lastingOrOff(d *durationpb.Duration) time.Duration {
	if d.AsDuration() == breaker.Off {
		return breaker.Off
	}
	return lasting(d)
}

// spelled returns what a configuration may have in the words of the source: in a file, off
// is a word.
func spelled(allowed string, o origin) string {
	allowed = short.Replace(allowed)
	plain, mayBeOff := strings.CutSuffix(allowed, validate.OrOff)
	switch {
	case !mayBeOff:
		return allowed
	case o.document != nil:
		return plain + ", or off"
	default:
		return fmt.Sprintf("%s, or %d for off", plain, breaker.Off)
	}
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
