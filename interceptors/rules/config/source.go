package config

import (
	"fmt"

	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Source is where rules come from. A rule of a later source replaces, as a
// whole, one of an earlier source with the same match, target, side and shadow.
type Source uint8

// The sources.
const (
	// BuiltIn is afloat's rule for calls that no other rule matches.
	BuiltIn Source = iota + 1
	// Options is the options of .proto files.
	Options
	// File is the rules file.
	File
	// Code is the program itself, through [WithRules] and [Set.Apply].
	Code
)

// String returns the source's name, such as "built-in".
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
