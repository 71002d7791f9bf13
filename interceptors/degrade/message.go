package degrade

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// typeName is the type of fields for markers.
var typeName = (*degradev1.Degradation)(nil).ProtoReflect().Descriptor().FullName() //nolint:gochecknoglobals // a constant

// fields remembers where each message type has room for markers. It is bounded
// by the types that are linked into the program.
var fields sync.Map //nolint:gochecknoglobals // protoreflect.MessageDescriptor → protoreflect.FieldDescriptor, nil for none

// CheckMessage returns an error if messages of type md have a field for markers
// that is not allowed: there may be at most one, at the top level, neither
// repeated nor in a oneof.
func CheckMessage(md protoreflect.MessageDescriptor) error {
	_, err := findField(md)
	return err
}

// HasField reports whether messages of type md have a field for markers.
func HasField(md protoreflect.MessageDescriptor) bool { return fieldOf(md) != nil }

// fieldOf is the field for markers, nil if there is no valid one.
func fieldOf(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if found, ok := fields.Load(md); ok {
		fd, _ := found.(protoreflect.FieldDescriptor)
		return fd
	}
	fd, err := findField(md)
	if err != nil {
		fd = nil
	}
	fields.Store(md, fd)
	return fd
}

func findField(md protoreflect.MessageDescriptor) (found protoreflect.FieldDescriptor, err error) {
	all := md.Fields()
	for i := range all.Len() {
		fd := all.Get(i)
		if !isDegradation(fd) {
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

// faultOf says what is wrong with a field for markers, given the one found
// before.
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

// isDegradation reports whether a field holds markers, in whatever form.
func isDegradation(fd protoreflect.FieldDescriptor) bool {
	if fd.IsMap() {
		fd = fd.MapValue()
	}
	return fd.Message() != nil && fd.Message().FullName() == typeName
}

// FromResponse returns the report in the response's field for markers. The
// report knows nothing if there is no such field or it is not set.
func FromResponse(response proto.Message) Report {
	if response == nil {
		return Report{}
	}
	m := response.ProtoReflect()
	fd := fieldOf(m.Descriptor())
	if fd == nil || !m.Has(fd) {
		return Report{}
	}
	return fromProto(degradationOf(m.Get(fd).Message()), m.Descriptor())
}

// degradationOf is m as a *degradev1.Degradation, even if m has another Go
// type. It is nil if m cannot be read.
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

// SetResponse writes r into the response's field for markers and reports
// whether there is one. It changes nothing else in the response.
func SetResponse(response proto.Message, r Report) bool {
	m := response.ProtoReflect()
	fd := fieldOf(m.Descriptor())
	if fd == nil {
		return false
	}
	if !r.known {
		m.Clear(fd)
		return true
	}
	value := m.NewField(fd)
	if _, ours := value.Message().Interface().(*degradev1.Degradation); ours {
		m.Set(fd, protoreflect.ValueOfMessage(r.Proto().ProtoReflect()))
		return true
	}
	encoded, err := proto.Marshal(r.Proto())
	if err != nil || proto.Unmarshal(encoded, value.Message().Interface()) != nil {
		return false
	}
	m.Set(fd, value)
	return true
}

// Cleared returns m without its own markers: m itself if it has none, else a
// copy that shares the other fields. It is for a response that becomes part of
// another response, whose own markers cover it.
func Cleared[M proto.Message](m M) M {
	r := m.ProtoReflect()
	fd := fieldOf(r.Descriptor())
	if fd == nil || !r.Has(fd) {
		return m
	}
	c := shallowCopy(m)
	c.ProtoReflect().Clear(fd)
	return c.(M) //nolint:errcheck,forcetypeassert // a copy has the type of what it is a copy of
}
