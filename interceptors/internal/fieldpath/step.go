package fieldpath

import (
	"strings"
	"unicode/utf8"
)

// Step is one part of a path. Paths have one spelling, so steps are compared as they are
// spelled, which allocates nothing.
type Step struct {
	Kind Kind
	// text is how a path spells the step, with the dot before a field, or the name
	// itself of a key that is named.
	text  string
	named bool
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

const (
	allText  = "[*]"
	openKey  = `["`
	closeKey = `"]`
)

// All returns the step to all elements of a list or all values of a map.
func All() Step { return Step{Kind: AllStep, text: allText} }

// AnyKey returns what every step to one value of a map begins with.
func AnyKey() Step { return Step{Kind: KeyStep, text: openKey} }

// AnyField returns what every step to a field of a message begins with, except for a
// path's first.
func AnyField() Step { return Step{Kind: FieldStep, text: "."} }

// KeyNamed returns the step to the value of a map that has that key, or to the element
// of a list that has that name. Unlike a step of a path it may be of any length.
func KeyNamed(name string) Step { return Step{Kind: KeyStep, text: name, named: true} }

// Name returns the name of the field, or the key without quotes and escapes. It
// allocates only for a key that has escapes.
func (s Step) Name() string {
	switch {
	case s.named:
		return s.text
	case s.Kind == KeyStep:
		return unescaped(s.quoted())
	default:
		return strings.TrimPrefix(s.text, ".")
	}
}

// quoted returns the key as the path spells it between the quotes.
func (s Step) quoted() string { return s.text[len(openKey) : len(s.text)-len(closeKey)] }

// Is reports whether the step is to the value with that key.
func (s Step) Is(key string) bool {
	if s.named {
		return s.text == key
	}
	order, _ := orderKey(s.text, key)
	return order == 0
}

// Order compares rest, which is a path or what is left of one after some steps, with the
// step: it returns 0 if rest begins with the step's text, and then how long this is, else
// a negative or positive number if rest comes before or after it. A field's text may go
// on in rest. Among paths in order, the result never falls.
func (s Step) Order(rest string) (order, size int) {
	if s.named {
		return orderKey(rest, s.text)
	}
	order, _ = orderHead(rest, s.text)
	return order, len(s.text)
}

// orderHead compares the head of text with the given one. If they are equal, it returns
// the rest.
func orderHead(text, head string) (order int, rest string) {
	n := min(len(text), len(head))
	if order = strings.Compare(text[:n], head); order == 0 {
		rest = text[n:]
	}
	return order, rest
}

// orderKey compares the head of text with the step to the key of that name, and returns
// how long this is if they are equal.
func orderKey(text, name string) (order, size int) {
	order, rest := orderHead(text, openKey)
	for order == 0 && name != "" {
		plain, escape, after := cutEscaped(name)
		if order, rest = orderHead(rest, plain); order == 0 && escape >= 0 {
			var spelled [len(`\u0000`)]byte
			order, rest = orderHead(rest, string(appendRune(spelled[:0], escape)))
		}
		name = after
	}
	if order == 0 {
		order, rest = orderHead(rest, closeKey)
	}
	return order, len(text) - len(rest)
}

// cutEscaped cuts a key after the first character that a path escapes. The escape is
// negative if there is none.
func cutEscaped(name string) (plain string, escape rune, after string) {
	for i, r := range name {
		if escapes(r) {
			return name[:i], r, name[i+utf8.RuneLen(r):]
		}
	}
	return name, -1, ""
}
