package condition

import (
	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

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

// isSet reports whether the part is set, in whatever way.
func (r *Response) isSet() bool { return r.Path != "" || len(r.Values) > 0 }

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
