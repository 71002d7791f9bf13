package markerfield

import (
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// nests remembers which message types can have other messages' markers within
// them.
var nests sync.Map //nolint:gochecknoglobals // protoreflect.MessageDescriptor → bool; bounded by the linked types

// mayNest reports whether a message within one of type md can have a field for
// markers, or md itself has one in a form that is not allowed.
func mayNest(md protoreflect.MessageDescriptor) bool {
	if known, ok := nests.Load(md); ok {
		return known.(bool) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	found := holdsMarkers(md) && of(md) == nil || reaches(md, map[protoreflect.FullName]bool{})
	nests.Store(md, found)
	return found
}

// reaches reports whether a message below md, which is at the top, has a field for
// markers.
func reaches(md protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[md.FullName()] {
		return false
	}
	seen[md.FullName()] = true
	all := md.Fields()
	for i := range all.Len() {
		below := messageOf(all.Get(i))
		if below == nil || below.FullName() == typeName {
			continue
		}
		if holdsMarkers(below) || reaches(below, seen) {
			return true
		}
	}
	return false
}

// holdsMarkers reports whether messages of type md have a field of markers, in
// whatever form.
func holdsMarkers(md protoreflect.MessageDescriptor) bool {
	all := md.Fields()
	for i := range all.Len() {
		if isDegradation(all.Get(i)) {
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
// allowed.
func WithoutNested(m proto.Message) proto.Message {
	md := m.ProtoReflect().Descriptor()
	if !mayNest(md) {
		return m
	}
	own := 0
	if In(md) && m.ProtoReflect().Has(of(md)) {
		own = 1 // that one may stay
	}
	if countMarkers(m.ProtoReflect()) == own {
		return m
	}
	m = proto.Clone(m)
	if In(md) {
		eachMessage(m.ProtoReflect(), clearMarkers)
	} else {
		clearMarkers(m.ProtoReflect())
	}
	return m
}

// countMarkers returns how many fields for markers are set in m and in all
// messages within it.
func countMarkers(m protoreflect.Message) (n int) {
	all := m.Descriptor().Fields()
	for i := range all.Len() {
		if isDegradation(all.Get(i)) && m.Has(all.Get(i)) {
			n++
		}
	}
	eachMessage(m, func(within protoreflect.Message) { n += countMarkers(within) })
	return n
}

// clearMarkers removes the markers in m and in all messages within it.
func clearMarkers(m protoreflect.Message) {
	all := m.Descriptor().Fields()
	for i := range all.Len() {
		if isDegradation(all.Get(i)) {
			m.Clear(all.Get(i))
		}
	}
	eachMessage(m, clearMarkers)
}

// eachMessage calls do with every message in a field of m.
func eachMessage(m protoreflect.Message, do func(protoreflect.Message)) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case messageOf(fd) == nil:
		case fd.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				do(v.Message())
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				do(v.List().Get(i).Message())
			}
		default:
			do(v.Message())
		}
		return true
	})
}
