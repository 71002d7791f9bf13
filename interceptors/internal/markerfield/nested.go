package markerfield

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// holders remembers of each message type the fields that can hold markers, in whatever
// form, or messages with markers in them. All others need not be looked at.
var holders memory[[]protoreflect.FieldDescriptor] //nolint:gochecknoglobals // a cache of facts

// holdersOf returns the fields of messages of type md that can hold markers.
func holdersOf(md protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	return holders.of(md, findHolders)
}

// findHolders finds the fields that can hold markers.
func findHolders(md protoreflect.MessageDescriptor) (found []protoreflect.FieldDescriptor) {
	all := md.Fields()
	for i := range all.Len() {
		if fd := all.Get(i); canHold(fd, map[protoreflect.FullName]bool{}) {
			found = append(found, fd)
		}
	}
	return found
}

// canHold reports whether a field can hold markers, or messages with markers in them,
// apart from messages of the types that were seen.
func canHold(fd protoreflect.FieldDescriptor, seen map[protoreflect.FullName]bool) bool {
	md := messageOf(fd)
	switch {
	case md == nil || seen[md.FullName()]:
		return false
	case md.FullName() == typeName:
		return true
	}
	seen[md.FullName()] = true
	all := md.Fields()
	for i := range all.Len() {
		if canHold(all.Get(i), seen) {
			return true
		}
	}
	return false
}

// messageOf returns the type of the messages in a field, nil if there are none.
func messageOf(fd protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if fd.IsMap() {
		fd = fd.MapValue()
	}
	return fd.Message()
}

// WithoutNested returns m, or a copy of it that has markers only where they are
// allowed. It looks only at what can hold some.
func WithoutNested(m proto.Message) proto.Message {
	r := m.ProtoReflect()
	own := of(r.Descriptor())
	if !holds(r, own) {
		return m
	}
	m = proto.Clone(m)
	clearMarkers(m.ProtoReflect(), own)
	return m
}

// holds reports whether markers are set in m or in a message within it, apart from the
// field spared of m itself.
func holds(m protoreflect.Message, spared protoreflect.FieldDescriptor) bool {
	for _, fd := range holdersOf(m.Descriptor()) {
		if fd == spared || !m.Has(fd) {
			continue
		}
		if Holds(fd) || anyMessage(fd, m.Get(fd), holdsAny) {
			return true
		}
	}
	return false
}

// holdsAny reports whether markers are set in m or in a message within it.
func holdsAny(m protoreflect.Message) bool { return holds(m, nil) }

// clearMarkers removes the markers in m and in all messages within it, apart from the
// field spared of m itself.
func clearMarkers(m protoreflect.Message, spared protoreflect.FieldDescriptor) {
	for _, fd := range holdersOf(m.Descriptor()) {
		switch {
		case fd == spared || !m.Has(fd):
		case Holds(fd):
			m.Clear(fd)
		default:
			anyMessage(fd, m.Get(fd), clearAll)
		}
	}
}

// clearAll removes the markers in m and in all messages within it. It returns false, so
// that every message has its turn.
func clearAll(m protoreflect.Message) bool {
	clearMarkers(m, nil)
	return false
}

// anyMessage reports whether one of the messages in a field is such, and looks at no
// more after that one.
func anyMessage(fd protoreflect.FieldDescriptor, v protoreflect.Value, such func(protoreflect.Message) bool) (found bool) {
	switch {
	case fd.IsMap():
		v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
			found = such(v.Message())
			return !found
		})
	case fd.IsList():
		all := v.List()
		for i := 0; i < all.Len() && !found; i++ {
			found = such(all.Get(i).Message())
		}
	default:
		found = such(v.Message())
	}
	return found
}
