// Package markerfield finds, reads and writes the field of a message that holds its
// markers of degraded fields: one of type afloat.degrade.v1.Degradation, at the top
// level.
package markerfield

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/misuse"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// typeName is the type of fields for markers.
var typeName = (*degradev1.Degradation)(nil).ProtoReflect().Descriptor().FullName() //nolint:gochecknoglobals // a constant

// fields remembers the field of each message type, nil for none.
var fields memory[protoreflect.FieldDescriptor] //nolint:gochecknoglobals // a cache of facts

// Check returns an error if messages of type md have a field for markers that is not
// allowed: there may be at most one, at the top level, neither repeated nor in a
// oneof.
func Check(md protoreflect.MessageDescriptor) error {
	_, err := find(md)
	return err
}

// Holds reports whether a field holds markers, in whatever form.
func Holds(fd protoreflect.FieldDescriptor) bool {
	if fd.IsMap() {
		fd = fd.MapValue()
	}
	return fd.Message() != nil && fd.Message().FullName() == typeName
}

// In reports whether messages of type md have a field for markers.
func In(md protoreflect.MessageDescriptor) bool { return of(md) != nil }

// of returns the field for markers, nil if there is no valid one.
func of(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	return fields.of(md, findValid)
}

// findValid returns the field for markers, nil if there is no valid one. It tells of one
// that is not allowed.
func findValid(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	fd, err := find(md)
	if err != nil {
		misuse.Note(misuse.Misuse{Kind: misuse.MarkerField, Where: string(md.FullName()), Problem: err.Error()})
		return nil
	}
	return fd
}

// find returns the field for markers, nil if there is none, and an error if there is
// one that is not allowed.
func find(md protoreflect.MessageDescriptor) (found protoreflect.FieldDescriptor, err error) {
	all := md.Fields()
	for i := range all.Len() {
		fd := all.Get(i)
		if !Holds(fd) {
			continue
		}
		if fault := faultOf(fd, found); fault != "" {
			return nil, fmt.Errorf("degrade: field %s is %s; must be one field at most, not repeated, in no oneof",
				fd.FullName(), fault)
		}
		found = fd
	}
	return found, nil
}

// faultOf returns what is wrong with a field for markers, given the one found before.
func faultOf(fd, before protoreflect.FieldDescriptor) string {
	oneof := fd.ContainingOneof()
	switch {
	case fd.IsMap():
		return "a map"
	case fd.IsList():
		return "repeated"
	case oneof != nil && !oneof.IsSynthetic():
		return "in a oneof"
	case before != nil:
		return "a second one"
	default:
		return ""
	}
}

// Get returns the markers of m. They are nil if m has no field for them, if it is not
// set, and if it cannot be read.
func Get(m protoreflect.Message) *degradev1.Degradation {
	fd := of(m.Descriptor())
	if fd == nil || !m.Has(fd) {
		return nil
	}
	return degradationOf(m.Get(fd).Message())
}

// degradationOf returns m as a *degradev1.Degradation, even if m has another Go type,
// and nil if m cannot be read.
func degradationOf(m protoreflect.Message) *degradev1.Degradation {
	if d, ok := m.Interface().(*degradev1.Degradation); ok {
		return d
	}
	encoded, err := proto.Marshal(m.Interface())
	d := &degradev1.Degradation{}
	if err != nil || proto.Unmarshal(encoded, d) != nil {
		return nil
	}
	return d
}

// Set writes d into the field of m for markers, or clears that if d is nil, and
// reports whether there is one. It changes nothing else in m.
func Set(m protoreflect.Message, d *degradev1.Degradation) bool {
	fd := of(m.Descriptor())
	if fd == nil {
		return false
	}
	if d == nil {
		m.Clear(fd)
		return true
	}
	value := m.NewField(fd)
	if _, ours := value.Message().Interface().(*degradev1.Degradation); ours {
		m.Set(fd, protoreflect.ValueOfMessage(d.ProtoReflect()))
		return true
	}
	encoded, err := proto.Marshal(d)
	if err != nil || proto.Unmarshal(encoded, value.Message().Interface()) != nil {
		return false
	}
	m.Set(fd, value)
	return true
}

// Cleared returns m without its own markers: m itself if it has none, else a copy that
// shares the other fields.
func Cleared(m proto.Message) proto.Message {
	r := m.ProtoReflect()
	fd := of(r.Descriptor())
	if fd == nil || !r.Has(fd) {
		return m
	}
	c := ShallowCopy(m)
	c.ProtoReflect().Clear(fd)
	return c
}

// ShallowCopy returns a message with the same fields, whose values are shared.
func ShallowCopy(m proto.Message) proto.Message {
	from := m.ProtoReflect()
	to := from.New()
	from.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		to.Set(fd, v)
		return true
	})
	to.SetUnknown(from.GetUnknown())
	return to.Interface()
}
