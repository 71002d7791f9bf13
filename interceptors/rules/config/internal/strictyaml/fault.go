package strictyaml

import "fmt"

// Position is a place in a document, counted from 1.
type Position struct{ Line, Column int }

// String returns the position as in "12:5".
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Fault is what is wrong at one place of a document.
type Fault struct {
	Position

	// Path names the field, as in "rules[2].breaker.window". Empty: the document.
	Path string
	// Value is what stands there, where that is part of what is wrong.
	Value string
	// Problem says what is wrong or what must be there.
	Problem string
}
