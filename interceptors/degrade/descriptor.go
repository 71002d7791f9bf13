package degrade

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// CheckField returns an error if path is malformed or names nothing in a
// message of type md.
func CheckField(path string, md protoreflect.MessageDescriptor) error {
	steps, err := parse(path)
	if err != nil {
		return err
	}
	if n, at := walk(steps, md); n < len(steps) {
		return fmt.Errorf("degrade: path = %q; %s", path, misses(steps, n, md)+at.instead(steps[n]))
	}
	return nil
}

// knownPart is the longest ancestor of a path that a message of type md has:
// all of the path if both sides know the same fields.
func knownPart(path string, md protoreflect.MessageDescriptor) string {
	steps, err := parse(path)
	if err != nil {
		return ""
	}
	n, _ := walk(steps, md)
	return format(steps[:n])
}

// position is how far a walk along a path has come.
type position struct {
	message protoreflect.MessageDescriptor // nil: in something that has no fields
	field   protoreflect.FieldDescriptor   // set where the next step may be one into a list or a map
}

// walk returns how many of the steps lead somewhere, and where.
func walk(steps []step, md protoreflect.MessageDescriptor) (int, position) {
	at := position{message: md}
	for i, s := range steps {
		next, ok := at.step(s)
		if !ok {
			return i, at
		}
		at = next
	}
	return len(steps), at
}

func (p position) step(s step) (position, bool) {
	switch {
	case s.kind == fieldStep:
		return p.toField(s.name)
	case p.field == nil:
		return position{}, false
	case p.field.IsMap():
		value := position{message: p.field.MapValue().Message()}
		return value, s.kind == allStep || fitsKey(s.name, p.field.MapKey().Kind())
	default:
		return position{message: p.field.Message()}, s.kind == allStep
	}
}

func (p position) toField(name string) (position, bool) {
	if p.message == nil {
		return position{}, false
	}
	fd := p.message.Fields().ByName(protoreflect.Name(name))
	switch {
	case fd == nil:
		return position{}, false
	case fd.IsList() || fd.IsMap():
		return position{field: fd}, true
	default:
		return position{message: fd.Message()}, true
	}
}

// fitsKey reports whether a quoted key can be a key of a map with keys of the
// given kind. A number has only one spelling: "+1" and "01" do not fit.
func fitsKey(key string, kind protoreflect.Kind) bool {
	switch kind {
	case protoreflect.BoolKind:
		return key == "true" || key == "false"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return fitsInt(key, 32)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return fitsInt(key, 64)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return fitsUint(key, 32)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return fitsUint(key, 64)
	default:
		return true
	}
}

func fitsInt(key string, bits int) bool {
	n, err := strconv.ParseInt(key, 10, bits)
	return err == nil && strconv.FormatInt(n, 10) == key
}

func fitsUint(key string, bits int) bool {
	n, err := strconv.ParseUint(key, 10, bits)
	return err == nil && strconv.FormatUint(n, 10) == key
}

// misses says why the n-th step leads nowhere.
func misses(steps []step, n int, md protoreflect.MessageDescriptor) string {
	before := format(steps[:n])
	if steps[n].kind == fieldStep {
		if n == 0 {
			return fmt.Sprintf("%s has no field %q", md.FullName(), steps[n].name)
		}
		return fmt.Sprintf("%q of %s has no field %q", before, md.FullName(), steps[n].name)
	}
	return fmt.Sprintf("%q of %s has no %s", before, md.FullName(), format(steps[n:]))
}

// instead says what is there where s leads nowhere, if that is likely to help.
func (p position) instead(s step) string {
	switch field := s.kind == fieldStep; {
	case field && p.field != nil:
		return ", its elements may: [*]"
	case field && p.message == nil:
		return ", it is no message"
	case field:
		return p.alike(s.name)
	case p.field == nil:
		return ", it is not repeated"
	case p.field.IsMap():
		return fmt.Sprintf(", its keys are %v", p.field.MapKey().Kind())
	default:
		return ", it is no map"
	}
}

// alike is the field that has the name in another spelling, as in JSON or in Go.
func (p position) alike(name string) string {
	plain := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
	all := p.message.Fields()
	for i := range all.Len() {
		if own := string(all.Get(i).Name()); plain(own) == plain(name) {
			return fmt.Sprintf(", but %q", own)
		}
	}
	return ""
}
