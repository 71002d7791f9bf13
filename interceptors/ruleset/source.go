package ruleset

import (
	"fmt"

	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Source is where rules come from. A later one takes the place of an earlier one
// with the same match, target, side and shadow, as a whole.
type Source uint8

// The sources.
const (
	// BuiltIn is the rule that afloat has for calls that nothing else is said of.
	BuiltIn Source = iota + 1
	// Options are those of .proto files.
	Options
	// File is the rules file.
	File
	// Code is rules that the program makes itself.
	Code
)

// String returns the source as in "built-in".
func (s Source) String() string {
	switch s {
	case BuiltIn:
		return "built-in"
	case Options:
		return "options"
	case File:
		return "file"
	case Code:
		return "code"
	default:
		return fmt.Sprintf("Source(%d)", uint8(s))
	}
}

func (s Source) message() policyv1.Source { return policyv1.Source(s) }
