package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
)

// finding is a fault of rules.
type finding struct {
	origin origin
	// at is the position in the document, if there is one.
	at strictyaml.Position
	// path is that of the field, empty for the document.
	path string
	// value is the present value, if that is part of the fault.
	value   string
	problem string
	// missing: a required value is missing.
	missing bool
	// lacks: what is at the path lacks something, which may stand there but could not be
	// read.
	lacks bool
	// compartment is the path of a compartment that was not found, or that lacks a
	// policy. Empty: the finding is not about a compartment.
	compartment string
}

// withValue returns the finding with the value that it is about, empty if it is about none.
func (f *finding) withValue(value string) *finding {
	f.value = value
	return f
}

// Error returns the finding in one line of bounded length.
func (f *finding) Error() string {
	s := shortened(f.problem)
	switch {
	case f.value != "":
		s = fmt.Sprintf("%s = %s; %s", cmp.Or(shortened(f.path), "the document"), f.value, s)
	case f.path != "":
		s = fmt.Sprintf("%s: %s", shortened(f.path), s)
	}
	switch {
	case f.origin.document != nil:
		return fmt.Sprintf("%s:%v: %s", f.origin.name, f.at, s)
	case f.origin.name != "":
		return f.origin.name + ": " + s
	default:
		return s
	}
}

// shortened returns text without what goes beyond a few lines.
func shortened(text string) string {
	const most = 400
	if cut := []rune(text); len(cut) > most {
		return string(cut[:most]) + "…"
	}
	return text
}

// findingAt returns a finding about what is at the path.
func findingAt(o origin, path, problem string) *finding {
	at, _ := o.document.At(path)
	return &finding{origin: o, at: at.Position, path: path, problem: problem}
}

// maxFindings is how many findings are reported at once.
const maxFindings = 100

// join makes an error of the findings, nil if there are none. Those in a document
// are in its order.
func join(findings []*finding, others ...error) error {
	slices.SortStableFunc(findings, func(a, b *finding) int {
		return cmp.Or(
			cmp.Compare(a.origin.source, b.origin.source),
			cmp.Compare(a.at.Line, b.at.Line), cmp.Compare(a.at.Column, b.at.Column),
		)
	})
	all := make([]error, 0, len(findings)+len(others))
	for _, f := range findings {
		all = append(all, f)
	}
	if n := len(all) - maxFindings; n > 0 {
		all = append(all[:maxFindings], fmt.Errorf("and %d more", n))
	}
	return errors.Join(append(all, others...)...)
}
