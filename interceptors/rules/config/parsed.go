package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	"github.com/afloat-go/afloat/internal/regular"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// grammar returns what a rules file may have besides messages: a custom policy without a
// list around it, and the word off.
func grammar() strictyaml.Grammar {
	g := strictyaml.Grammar{Lone: []protoreflect.FullName{(&policyv1.Custom{}).ProtoReflect().Descriptor().FullName()}}
	for _, name := range mayBeOff() {
		g.Off = append(g.Off, (&policyv1.Breaker{}).ProtoReflect().Descriptor().FullName().Append(name))
	}
	return g
}

// Parsed is a rules file that was read but not yet checked.
type Parsed struct {
	origin   origin
	rules    *policyv1.Rules
	findings []*finding
}

// ReadFile reads a rules file, in YAML or JSON. Its error is only about reading;
// [Parsed.Compile] reports what is wrong with the contents. The file must be a
// regular file of at most one megabyte; a pipe, a socket or a device is refused without
// waiting for it.
func ReadFile(path string) (*Parsed, error) {
	data, err := read(path)
	if err != nil {
		return nil, errRead(path, err)
	}
	return Parse(path, data), nil
}

// read returns the contents of a file, or the beginning if it is too large.
func read(path string) ([]byte, error) { return regular.Read(path, strictyaml.MaxBytes+1) }

// Parse reads the contents of a rules file. The name is for error messages.
func Parse(name string, data []byte) *Parsed {
	p := &Parsed{rules: new(policyv1.Rules)}
	d, faults := strictyaml.Decode(data, p.rules, grammar())
	p.origin = origin{File, names.Shown(name), d}
	for _, f := range faults {
		p.findings = append(p.findings, &finding{
			origin: p.origin, at: f.Position, path: f.Path, value: f.Value, problem: f.Problem,
		})
	}
	// A file that is being written may be cut off anywhere, but must not pass for
	// empty.
	if _, given := d.At("rules"); !given && len(faults) == 0 {
		p.findings = append(p.findings, findingAt(p.origin, "rules", "is missing; [] is a list without any"))
	}
	return p
}

// Rules returns the rules of the file, as far as they could be read.
func (p *Parsed) Rules() *policyv1.Rules { return p.rules }

// Place returns where the i-th rule begins, as in "rules.yaml:12:5".
func (p *Parsed) Place(i int) string { return p.origin.place(strictyaml.Index("rules", i)) }

// Compile makes rules of those in the file, or returns all faults of it, each with
// file, line and column.
func (p *Parsed) Compile(custom ...KindOption) ([]rules.Rule, error) {
	all, err := table(custom)
	if err != nil {
		return nil, err
	}
	statements, findings := p.compile(all, nil)
	merged, twice := merge(statements)
	if err := join(append(findings, twice...)); err != nil {
		return nil, err
	}
	return rulesOf(merged), nil
}

// compile makes statements of the rules, and returns all that is wrong with the
// contents and with the values. The files describe methods; nil: those that are linked do.
func (p *Parsed) compile(all kinds, files *protoregistry.Files) ([]statement, []*finding) {
	c := compiler{origin: p.origin, kinds: all, files: files, compartments: p.rules.GetCompartments()}
	statements := c.rules(p.rules)
	unread := p.unread()
	own := slices.DeleteFunc(c.findings, unread.explains)
	return statements, append(slices.Clip(p.findings), own...)
}

// unread returns what of the file could not be read.
func (p *Parsed) unread() unread {
	u := unread{map[string]bool{}, map[string]bool{}}
	for _, f := range p.findings {
		u.paths[f.path] = true
		u.parents[parent(f.path)] = true
	}
	return u
}

// unread is the parts of a file that could not be read: their paths, and those of
// the messages that contain them.
type unread struct{ paths, parents map[string]bool }

// explains reports whether a finding in the file exists only because something
// could not be read: the value itself, what it is part of, or a field that may have
// been meant for it.
func (u unread) explains(f *finding) bool {
	return u.covers(f.path) || f.missing && u.parents[parent(f.path)] || f.lacks && u.parents[f.path] || u.hides(f)
}

// hides reports whether a finding, in whatever source, is about a compartment of the
// file that could not be read.
func (u unread) hides(f *finding) bool {
	return f.compartment != "" && (u.covers(f.compartment) || u.parents[f.compartment])
}

// covers reports whether the value at the path could not be read, or what it is part
// of.
func (u unread) covers(path string) bool {
	for !u.paths[path] {
		if path == "" {
			return false
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return true
}

// parent returns the path of the message that a field is of.
func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }

// errRead returns the error of a file that could not be read.
func errRead(path string, err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: cannot be read: %w", names.Shown(path), err)
}
