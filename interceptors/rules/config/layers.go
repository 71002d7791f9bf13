package config

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// layers are what the sources state.
type layers struct {
	kinds   kinds
	files   *protoregistry.Files // nil: those that are linked
	builtIn []statement
	options []optional
	file    *Parsed // nil: there is none
	code    []rules.Rule
}

// compartments returns those of the file, and what of it could not be read.
func (l layers) compartments() (map[string]*policyv1.Compartment, unread) {
	if l.file == nil {
		return nil, unread{}
	}
	return l.file.rules.GetCompartments(), l.file.unread()
}

// compile makes statements of all layers and puts them together, or says all that is
// wrong with them.
func (l layers) compile() ([]statement, error) {
	var findings []*finding
	var options, file []statement
	compartments, unread := l.compartments()
	for _, o := range l.options {
		s, found := o.compile(l.kinds, l.files, compartments)
		found = slices.DeleteFunc(found, unread.hides)
		options, findings = append(options, s), append(findings, found...)
	}
	if l.file != nil {
		var found []*finding
		file, found = l.file.compile(l.kinds, l.files)
		findings = append(findings, found...)
	}
	code := statementsOf(l.code)
	merged, twice := merge(l.builtIn, options, file, code)
	if findings = append(findings, twice...); len(findings) > 0 {
		return nil, join(findings, checkEach(l.code)...)
	}
	return merged, nil
}

// checkEach checks rules that are not going to be combined.
func checkEach(list []rules.Rule) []error {
	faults := make([]error, len(list))
	for i, r := range list {
		_, faults[i] = rules.New([]rules.Rule{r})
	}
	return faults
}
