package condition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/names"
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

// contains reports whether all values of part are in whole.
func contains(whole, part []string) bool {
	return !slices.ContainsFunc(part, func(v string) bool { return !slices.Contains(whole, v) })
}

// check notes what is wrong with a condition, whatever calls it is for.
func (c *Condition) check(f *faults) {
	c.checkName(f)
	if c.Verdict < Failure || c.Verdict > Ignored {
		value := ""
		if c.Verdict != 0 {
			value = c.Verdict.String()
		}
		f.add("verdict", value, missing(value)+"must be failure, success or ignored")
	}
	for i, given := range c.Codes {
		field := fmt.Sprintf("codes[%d]", i)
		switch {
		case given >= numCodes:
			f.add(field, strconv.FormatUint(uint64(given), 10), "must be a status code of gRPC")
		case slices.Contains(c.Codes[:i], given):
			f.add(field, nameOf(given), "stands there already")
		}
	}
	checkToken(f, "reason", c.Reason)
	checkToken(f, "domain", c.Domain)
	checkText(f, "message_prefix", c.MessagePrefix)
	checkText(f, "message_contains", c.MessageContains)
	c.Response.check(f)
	c.Header.check(f, "header")
	c.Trailer.check(f, "trailer")
	if c.Sent > policy.No {
		f.add("sent", fmt.Sprint(c.Sent), "must be Yes, No or Unknown")
	}
	c.checkParts(f)
}

// checkName requires a name that can be shown.
func (c *Condition) checkName(f *faults) {
	if err := names.CheckLabel(c.Name); err != nil {
		f.add("name", quoted(c.Name), fmt.Sprintf("%v; must be %s", err, names.LabelAllowed))
	}
	checkLength(f, "name", c.Name, MaxNameBytes)
}

// checkParts requires parts, and parts that one call can meet together.
func (c *Condition) checkParts(f *faults) {
	switch {
	case !c.hasPart() && !c.Always:
		f.add("", "", "has no part, so that every call would meet it; must have one, or always: true")
	case c.hasPart() && c.Always:
		f.add("always", "true", "must be left out: the condition has other parts")
	case c.Sent == policy.No && (c.Response.isSet() || c.Header.isSet() || c.Trailer.isSet()):
		f.add("sent", "false", "is met by no call that has a response, header or trailer; must be left out, or they must")
	case c.codes() == 0:
		c.checkCodes(f)
	}
}

// checkCodes says why no call ends with a code that meets the condition.
func (c *Condition) checkCodes(f *faults) {
	switch {
	case c.Response.isSet() && c.ofStatus():
		f.add("response", "", "is met by no call that ends with an error; must be left out, or what the error has must")
	case c.Response.isSet():
		f.add("codes", "", "are met by no call that has a response, which ends with OK; must be left out, or have OK")
	case len(c.Codes) > 0:
		f.add("codes", "", "are OK, with which no call ends that meets the rest; must have another code")
	}
}

// wants returns what an outcome must have for the condition.
func (c *Condition) wants() (w policy.Wants) {
	if c.Response.isSet() {
		w |= policy.WantsReply
	}
	if c.Header.isSet() || c.Trailer.isSet() {
		w |= policy.WantsMetadata
	}
	if c.Sent != policy.Unknown {
		w |= policy.WantsEvidence
	}
	return w
}

// onlyCodes reports whether the code of a call alone decides whether it meets c.
func (c *Condition) onlyCodes() bool {
	rest := *c
	rest.Codes = nil
	return !rest.hasPart()
}

// isMet reports whether any call can meet the condition: else that is a fault of its own.
func (c *Condition) isMet() bool { return (c.hasPart() || c.Always) && c.codes() != 0 }
