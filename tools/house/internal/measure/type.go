package measure

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Type is a type that has methods.
type Type struct {
	Name string
	// At is where its first method is.
	At token.Position
	// Files are the files that have a method of it.
	Files []string
}

// method notes a method at that place.
func (t *Type) method(at token.Position) {
	if len(t.Files) == 0 {
		t.At = at
	}
	if !slices.Contains(t.Files, at.Filename) {
		t.Files = append(t.Files, at.Filename)
	}
}

// scattered reports whether several files have methods of t.
func (t Type) scattered() bool { return len(t.Files) > 1 }

// String returns the name and the files that have methods of t.
func (t Type) String() string {
	return fmt.Sprintf("%s has methods in %s", t.Name, strings.Join(t.Files, ", "))
}
