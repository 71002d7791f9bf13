package condition

import (
	"fmt"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Verdict is what a condition says of calls that meet it. The zero Verdict is none.
type Verdict uint8

// The verdicts.
const (
	// Failure: the dependency did not do its part.
	Failure Verdict = iota + 1
	// Success: it did.
	Success
	// Ignored: the call says nothing about the dependency.
	Ignored
)

// String returns the verdict's name, such as "failure".
func (v Verdict) String() string {
	switch v {
	case Failure, Success, Ignored:
		return v.policy().String()
	default:
		return fmt.Sprintf("Verdict(%d)", uint8(v))
	}
}

// policy returns the verdict as policies have it.
func (v Verdict) policy() policy.Verdict {
	switch v {
	case Success:
		return policy.Success
	case Ignored:
		return policy.Ignored
	default:
		return policy.Failure
	}
}
