// Package fieldpath reads, writes and checks the paths of fields of messages, such as
// items[*].price. The docs of package degrade give their grammar.
//
// The errors begin with "degrade:", because that is the package from which users
// know paths.
package fieldpath

import (
	"fmt"
	"strings"
)

// Bounds of a path, in bytes and in steps.
const (
	MaxBytes = 256
	MaxSteps = 16
)

// Path is a path in its steps. The empty path is the whole message.
type Path []Step

// Step is one part of a path.
type Step struct {
	Kind Kind
	// Name is a field's name, or a key without quotes and escapes.
	Name string
}

// Kind is what a step leads to.
type Kind uint8

// The kinds of steps: a field of a message, all elements of a list or all values of a
// map, and one value of a map.
const (
	FieldStep Kind = iota
	AllStep
	KeyStep
)

// Parse splits a path into its steps.
func Parse(path string) (Path, error) {
	if len(path) > MaxBytes {
		return nil, fmt.Errorf("degrade: path = %.32q…, %d bytes; must be at most %d", path, len(path), MaxBytes)
	}
	var steps Path
	for rest := path; rest != ""; {
		s, after, ok := nextStep(rest, len(steps) == 0)
		if !ok {
			return nil, fmt.Errorf(`degrade: path = %q, wrong at byte %d; must be like a.b, a[*].b or a["key"]`,
				path, len(path)-len(rest))
		}
		if len(steps) == MaxSteps {
			return nil, fmt.Errorf("degrade: path = %q; must have at most %d steps", path, MaxSteps)
		}
		steps, rest = append(steps, s), after
	}
	return steps, nil
}

// Check returns an error if path is malformed, longer than [MaxBytes] or deeper than
// [MaxSteps].
func Check(path string) error {
	_, err := Parse(path)
	return err
}

// String spells the path.
func (p Path) String() string {
	path := ""
	for _, s := range p {
		switch s.Kind {
		case FieldStep:
			path = Join(path, s.Name)
		case AllStep:
			path = Elements(path)
		case KeyStep:
			path = Key(path, s.Name)
		}
	}
	return path
}

// Join returns the path of the field at path within the field at parent.
func Join(parent, path string) string {
	if parent == "" || path == "" {
		return parent + path
	}
	return parent + "." + path
}

// Elements returns the path of all elements of the list or map at path.
func Elements(path string) string { return path + "[*]" }

// Key returns the path of one value of the map at path. In a key that is not valid
// UTF-8, U+FFFD replaces the invalid bytes.
func Key(path, key string) string {
	var b strings.Builder
	b.WriteString(path)
	b.WriteString(`["`)
	for _, r := range key {
		if e := escaped(r); e != "" {
			b.WriteString(e)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteString(`"]`)
	return b.String()
}

// Unkeyed returns path with [*] in place of every key, for logs and traces: keys may
// be personal, and their number is unbounded. For a malformed path it returns "".
func Unkeyed(path string) string {
	steps, err := Parse(path)
	if err != nil {
		return ""
	}
	for i := range steps {
		if steps[i].Kind == KeyStep {
			steps[i] = Step{Kind: AllStep}
		}
	}
	return steps.String()
}

// Covers reports whether path is the field at ancestor or lies within it.
func Covers(ancestor, path string) bool {
	rest, ok := strings.CutPrefix(path, ancestor)
	return ok && (ancestor == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}
