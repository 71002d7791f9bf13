package condition

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Condition gives calls that end in a certain way a verdict. All parts that are set must be
// met. Without a part it must be Always. It is data, to be checked by [New].
type Condition struct {
	// Name names the condition where a decision is explained. Printable ASCII, with spaces
	// only within, at most [MaxNameBytes], and another one than that of the rule's other
	// conditions. Empty: it is named by its place, as in "conditions[1]".
	Name string
	// Verdict is what the end of a call means that meets the condition. Required.
	Verdict Verdict

	// Codes are status codes, one of which the call ends with. OK is one of them. Empty: any.
	Codes []codes.Code
	// Reason and Domain are those of an ErrorInfo in the details of the error. If both are
	// set, one ErrorInfo must have both. Empty: any.
	Reason, Domain string
	// MessagePrefix is what the message of the error begins with, and MessageContains what
	// is anywhere in it. Capital and small letters differ. Empty: any.
	MessagePrefix, MessageContains string
	// Response is what a field of the response has, of a call that ends well and has one
	// response. The zero Response: any.
	Response Response
	// Header and Trailer are what the metadata of the response have; on a server, what its
	// handler sends. They cost allocations. The zero Metadata: any.
	Header, Trailer Metadata
	// Sent says whether the call left this process; where that is not known, as on a
	// server, neither Yes nor No is met. It costs allocations. Unknown, the zero value: any.
	Sent policy.Fact
	// Always is for a condition without any part, which every call meets: what the earlier
	// ones leave.
	Always bool
}

// Response is what a field of a response has.
type Response struct {
	// Path is the field, as in "status" or "result.status". It leads through single
	// messages to a text, a number, a truth or an enum, and is not met where one of them is
	// not set. A field that cannot be told to be unset has its zero.
	Path string
	// Values are those of which the field has one: text as it is, numbers in digits, "true"
	// or "false", values of enums by the name in the .proto file, or by number. At least
	// one, at most [MaxValues].
	Values []string
}

// Metadata is what a header or a trailer has.
type Metadata struct {
	// Key is the key, in lower case. It must not end with "-bin", nor be gRPC's own.
	Key string
	// Values are those of which the key has one. At most [MaxValues]. None: any value.
	Values []string
}

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

// The bounds of conditions, and of what is looked at for them.
const (
	// MaxConditions is how many a rule may have.
	MaxConditions = 32
	// MaxValues is how many values one part may name.
	MaxValues = 64
	// MaxNameBytes bounds a name.
	MaxNameBytes = 100
	// MaxPartBytes bounds each text of a part.
	MaxPartBytes = 1024
	// MaxTextBytes is how much of an error's message is looked at.
	MaxTextBytes = 8 << 10
	// MaxLookedAt is how many details of a status are looked at, and values of one key.
	MaxLookedAt = 32
)

// hasPart reports whether any part is set.
func (c *Condition) hasPart() bool {
	return len(c.Codes) > 0 || c.ofStatus() || c.Response.isSet() || c.Header.isSet() || c.Trailer.isSet() || c.Sent != policy.Unknown
}

// ofStatus reports whether a part asks for what the status of an error has beside its code.
func (c *Condition) ofStatus() bool {
	return c.Reason != "" || c.Domain != "" || c.MessagePrefix != "" || c.MessageContains != ""
}

// isSet reports whether the part is set, in whatever way.
func (r *Response) isSet() bool { return r.Path != "" || len(r.Values) > 0 }

// isSet reports whether the part is set, in whatever way.
func (m *Metadata) isSet() bool { return m.Key != "" || len(m.Values) > 0 }

// numCodes is how many status codes there are.
const numCodes = codes.Unauthenticated + 1

// codeSet is a set of status codes.
type codeSet uint32

const (
	allCodes codeSet = 1<<numCodes - 1
	onlyOK   codeSet = 1 << codes.OK
)

// setOf returns the set of a code.
func setOf(c codes.Code) codeSet { return 1 << (c & 31) } //nolint:mnd // no shift beyond the set

// codes returns the status codes that calls can have that meet the condition.
func (c *Condition) codes() codeSet {
	set := allCodes
	if len(c.Codes) > 0 {
		set = 0
		for _, code := range c.Codes {
			set |= setOf(code)
		}
	}
	if c.ofStatus() || c.Sent == policy.No {
		set &^= onlyOK
	}
	if c.Response.isSet() {
		set &= onlyOK
	}
	return set
}

// covers reports whether every call that meets other meets c.
func (c *Condition) covers(other *Condition) bool {
	return other.codes()&^c.codes() == 0 && c.coversStatus(other) &&
		(!c.Response.isSet() || c.Response.Path == other.Response.Path && contains(c.Response.Values, other.Response.Values)) &&
		c.Header.covers(&other.Header) && c.Trailer.covers(&other.Trailer) &&
		(c.Sent == policy.Unknown && other.Sent != policy.No || c.Sent == other.Sent)
}

// coversStatus reports whether the status of every error that meets other meets c, but for
// its code.
func (c *Condition) coversStatus(other *Condition) bool {
	return (c.Reason == "" || c.Reason == other.Reason) && (c.Domain == "" || c.Domain == other.Domain) &&
		strings.HasPrefix(other.MessagePrefix, c.MessagePrefix) &&
		(strings.Contains(other.MessageContains, c.MessageContains) || strings.Contains(other.MessagePrefix, c.MessageContains))
}

// covers reports whether all metadata that meet other meet m.
func (m *Metadata) covers(other *Metadata) bool {
	return !m.isSet() || m.Key == other.Key && (len(m.Values) == 0 || len(other.Values) > 0 && contains(m.Values, other.Values))
}

// contains reports whether all values of part are in whole.
func contains(whole, part []string) bool {
	return !slices.ContainsFunc(part, func(v string) bool { return !slices.Contains(whole, v) })
}
