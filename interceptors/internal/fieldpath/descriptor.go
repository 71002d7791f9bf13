package fieldpath

import (
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// CheckIn returns an error if path is malformed or names nothing in a message of type
// md.
func CheckIn(path string, md protoreflect.MessageDescriptor) error {
	p, err := Parse(path)
	if err != nil {
		return err
	}
	if n, at := walk(&p, md); n < p.Len() {
		return fmt.Errorf("degrade: path = %q; %s", path, misses(&p, n, md)+at.instead(p.Step(n)))
	}
	return nil
}

// KnownPart returns the longest ancestor of a path that a message of type md has: all
// of the path if both sides know the same fields. It allocates nothing.
func KnownPart(p *Path, md protoreflect.MessageDescriptor) string {
	n, _ := walk(p, md)
	return p.Head(n)
}

// cursor is how far a walk along a path has come.
type cursor struct {
	message protoreflect.MessageDescriptor // nil: in something that has no fields
	field   protoreflect.FieldDescriptor   // set where the next step may be one into a list or a map
}

// walk returns how many of a path's steps lead somewhere, and where.
func walk(p *Path, md protoreflect.MessageDescriptor) (int, cursor) {
	at := cursor{message: md}
	for i := range p.Len() {
		next, ok := at.step(p.Step(i))
		if !ok {
			return i, at
		}
		at = next
	}
	return p.Len(), at
}

// step returns where s leads from c, and whether it leads anywhere.
func (c cursor) step(s Step) (cursor, bool) {
	switch {
	case s.Kind == FieldStep:
		return c.toField(s.Name())
	case c.field == nil:
		return cursor{}, false
	case c.field.IsMap():
		value := cursor{message: c.field.MapValue().Message()}
		return value, s.Kind == AllStep || fitsKey(s.quoted(), c.field.MapKey().Kind())
	default:
		return cursor{message: c.field.Message()}, s.Kind == AllStep
	}
}

// toField returns where the field of that name is, and whether there is one.
func (c cursor) toField(name string) (cursor, bool) {
	if c.message == nil {
		return cursor{}, false
	}
	fd := c.message.Fields().ByName(protoreflect.Name(name))
	switch {
	case fd == nil:
		return cursor{}, false
	case fd.IsList() || fd.IsMap():
		return cursor{field: fd}, true
	default:
		return cursor{message: fd.Message()}, true
	}
}

// fitsKey reports whether a quoted key can be a key of a map with keys of the
// given kind. A number has only one spelling: "+1" and "01" do not fit.
func fitsKey(key string, kind protoreflect.Kind) bool {
	switch kind {
	case protoreflect.BoolKind:
		return key == "true" || key == "false"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return fitsInt(key, math.MaxInt32)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return fitsInt(key, math.MaxInt64)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return fitsUint(key, math.MaxUint32)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return fitsUint(key, math.MaxUint64)
	default:
		return true
	}
}

// fitsInt reports whether key is how Go prints a signed number that is at most so large,
// or that and one more below zero.
func fitsInt(key string, most uint64) bool {
	if positive, negative := strings.CutPrefix(key, "-"); negative {
		return positive != "0" && fitsUint(positive, most+1)
	}
	return fitsUint(key, most)
}

// fitsUint reports whether key is how Go prints a number that is at most so large. It
// allocates no error: what peers name is checked here.
func fitsUint(key string, most uint64) bool {
	if key == "" || key[0] == '0' && key != "0" {
		return false
	}
	var n uint64
	for _, c := range []byte(key) {
		digit := uint64(c - '0')
		if c < '0' || c > '9' || n > (most-digit)/10 {
			return false
		}
		n = n*10 + digit
	}
	return true
}

// misses returns why the n-th step leads nowhere.
func misses(p *Path, n int, md protoreflect.MessageDescriptor) string {
	s, before := p.Step(n), p.Head(n)
	if s.Kind == FieldStep {
		if n == 0 {
			return fmt.Sprintf("%s has no field %q", md.FullName(), s.Name())
		}
		return fmt.Sprintf("%q of %s has no field %q", before, md.FullName(), s.Name())
	}
	return fmt.Sprintf("%q of %s has no %s", before, md.FullName(), p.Tail(n))
}

// instead returns what is there where s leads nowhere, if that is likely to help.
func (c cursor) instead(s Step) string {
	switch field := s.Kind == FieldStep; {
	case field && c.field != nil:
		return ", its elements may: [*]"
	case field && c.message == nil:
		return ", it is no message"
	case field:
		return c.alike(s.Name())
	case c.field == nil:
		return ", it is not repeated"
	case c.field.IsMap():
		return fmt.Sprintf(", its keys are %v", c.field.MapKey().Kind())
	default:
		return ", it is no map"
	}
}

// alike returns the field that has the name in another spelling, as in JSON or in Go.
func (c cursor) alike(name string) string {
	plain := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
	all := c.message.Fields()
	for i := range all.Len() {
		if own := string(all.Get(i).Name()); plain(own) == plain(name) {
			return fmt.Sprintf(", but %q", own)
		}
	}
	return ""
}
