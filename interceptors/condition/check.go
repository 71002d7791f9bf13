package condition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
)

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

// missing returns what a problem begins with if there is no value.
func missing(value string) string {
	if value == "" {
		return "is missing; "
	}
	return ""
}

// checkToken requires text as ErrorInfo and rules have it for names.
func checkToken(f *faults, field, text string) {
	if err := names.Check(text); err != nil {
		f.add(field, quoted(text), fmt.Sprintf("%v; must be %s", err, names.Allowed))
	}
	checkLength(f, field, text, MaxPartBytes)
}

// checkText requires text that can be that of a status.
func checkText(f *faults, field, text string) {
	if !utf8.ValidString(text) {
		f.add(field, quoted(text), "must be UTF-8")
	}
	checkLength(f, field, text, MaxPartBytes)
}

// checkLength bounds a text.
func checkLength(f *faults, field, text string, most int) {
	if len(text) > most {
		f.add(field, quoted(text), fmt.Sprintf("must be of at most %d bytes", most))
	}
}

// checkValues bounds the values of a part.
func checkValues(f *faults, field string, values []string) {
	if len(values) > MaxValues {
		f.add(field, strconv.Itoa(len(values)), fmt.Sprintf("must be at most %d", MaxValues))
	}
	for i, v := range values {
		at := fmt.Sprintf("%s[%d]", field, i)
		checkText(f, at, v)
		if slices.Contains(values[:i], v) {
			f.add(at, fmt.Sprintf("%q", v), "stands there already")
		}
	}
}

// check notes what is wrong with the part, whatever the response.
func (r *Response) check(f *faults) {
	if !r.isSet() {
		return
	}
	if r.Path == "" {
		f.add("response.path", "", "is missing; must be a field of the response, as in result.status")
	} else if p, ok := fieldpath.Scan(r.Path); !ok {
		f.add("response.path", quoted(r.Path), "must be a field of the response, as in result.status")
	} else {
		for i := range p.Len() {
			if p.Step(i).Kind != fieldpath.FieldStep {
				f.add("response.path", quoted(r.Path), "must lead through single fields, not into a list or a map")
				break
			}
		}
	}
	if len(r.Values) == 0 {
		f.add("response.values", "", "are missing; must be at least one")
	}
	checkValues(f, "response.values", r.Values)
}

// own are the keys that gRPC keeps to itself, so that no metadata has them.
var own = [...]string{ //nolint:gochecknoglobals // never written
	"content-type", "user-agent", "te", "grpc-encoding", "grpc-message", "grpc-message-type", "grpc-status",
	"grpc-status-details-bin", "grpc-timeout",
}

// check notes what is wrong with the part.
func (m *Metadata) check(f *faults, part string) {
	if !m.isSet() {
		return
	}
	field := part + ".key"
	switch {
	case m.Key == "":
		f.add(field, "", "is missing; must be the key of a "+part+", as in x-backend-status")
	case !isKey(m.Key):
		f.add(field, quoted(m.Key), "must be of lower-case letters, digits, -, _ and .")
	case strings.HasSuffix(m.Key, "-bin"):
		f.add(field, quoted(m.Key), "must not end with -bin: its values are no text")
	case slices.Contains(own[:], m.Key):
		f.add(field, quoted(m.Key), "is gRPC's own, which no metadata has")
	}
	checkLength(f, field, m.Key, MaxPartBytes)
	checkValues(f, part+".values", m.Values)
}

// isKey reports whether all characters can be in the key of metadata.
func isKey(key string) bool {
	for _, r := range key {
		if fits := 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.'; !fits {
			return false
		}
	}
	return true
}

// nameOf returns the name of a code as rules files have it, such as "NOT_FOUND".
func nameOf(c codes.Code) string { return code.Code(c).String() } //nolint:gosec // there are few codes
