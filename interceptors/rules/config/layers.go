package config

import (
	"cmp"
	"errors"
	"slices"

	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// layers are what the sources state.
type layers struct {
	builtIn []statement
	options []optional
	file    *Parsed // nil: there is none
	code    []rules.Rule
}

// layers reads all sources for the first time.
func (o *options) layers() (l layers, file seen, faults []error) {
	if !o.noBuiltIn {
		l.builtIn = []statement{{Rule: interceptors.BuiltIn(), origin: origin{source: BuiltIn, name: BuiltIn.String()}, path: "rule"}}
	}
	for _, x := range o.extensions {
		if err := x.check(); err != nil {
			faults = append(faults, err)
			continue
		}
		found, err := x.find(cmp.Or(o.files, protoregistry.GlobalFiles))
		l.options, faults = append(l.options, found...), append(faults, err)
	}
	switch {
	case o.named && o.path == "":
		faults = append(faults, errNoPath)
	case o.named:
		data, err := read(o.path)
		if err != nil {
			faults = append(faults, errRead(o.path, err))
		} else {
			l.file, file.data = Parse(o.path, data), data
		}
	}
	l.code = o.code
	return l, file, faults
}

var errNoPath = errors.New(`config: file = ""; must be a path`)

// compartments are those of the file, and what of it could not be read.
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
		s, found := o.compile(compartments)
		found = slices.DeleteFunc(found, unread.hides)
		options, findings = append(options, s), append(findings, found...)
	}
	if l.file != nil {
		var found []*finding
		file, found = l.file.compile()
		findings = append(findings, found...)
	}
	code := statementsOf(l.code)
	merged, twice := merge(l.builtIn, options, file, code)
	if findings = append(findings, twice...); len(findings) > 0 {
		return nil, join(findings, checkEach(l.code)...)
	}
	return merged, nil
}

// statementsOf are rules of code.
func statementsOf(list []rules.Rule) []statement {
	all := make([]statement, len(list))
	for i, r := range list {
		all[i] = statement{Rule: r, origin: origin{source: Code, name: Code.String()}, path: strictyaml.Index("rules", i)}
	}
	return all
}

// checkEach checks rules that are not going to be combined.
func checkEach(list []rules.Rule) []error {
	faults := make([]error, len(list))
	for i, r := range list {
		_, faults[i] = rules.New([]rules.Rule{r})
	}
	return faults
}
