package condition

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
)

// Fault is what is wrong with one of several conditions, or, from [List.Warnings], what is
// hardly meant.
type Fault struct { //nolint:errname // the project's word for it
	// At is which of the conditions it is, from 0; -1: it is about all.
	At int
	// Field is the field in the form of a rules file, as in "codes[1]" or "response.path".
	// Empty: the condition itself.
	Field string
	// Value is the present value, in quotes if it is text. Empty: it is missing, or does
	// not matter.
	Value string
	// Problem says what is wrong, and what is allowed.
	Problem string
}

// Error returns the fault in one line.
func (f *Fault) Error() string {
	at := "conditions"
	if f.At >= 0 {
		at = nameAt(f.At)
	}
	if f.Field != "" {
		at += "." + f.Field
	}
	if f.Value != "" {
		return fmt.Sprintf("condition: %s = %s; %s", at, f.Value, f.Problem)
	}
	return fmt.Sprintf("condition: %s %s", at, f.Problem)
}

// FaultsIn yields the faults that the error of [New] has.
func FaultsIn(err error) iter.Seq[*Fault] {
	return func(yield func(*Fault) bool) {
		all, ok := err.(interface{ Unwrap() []error })
		if !ok {
			return
		}
		for _, e := range all.Unwrap() {
			if f, ok := errors.AsType[*Fault](e); ok && !yield(f) {
				return
			}
		}
	}
}

// nameAt returns the name of a condition that has none of its own.
func nameAt(i int) string { return fmt.Sprintf("conditions[%d]", i) }

// quoted returns text in quotes, cut short where it is long.
func quoted(text string) string {
	const most = 64
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%q", excerpt.Within(text, most))
}

// faults are those of one condition.
type faults struct {
	at  int
	all []error
}

// add notes a fault of a field with a value, which is missing if it is empty.
func (f *faults) add(field, value, problem string) {
	f.all = append(f.all, &Fault{f.at, field, value, problem})
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
