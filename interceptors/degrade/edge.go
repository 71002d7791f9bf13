package degrade

import (
	"errors"
	"sync"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// failure is the error to send for a handler's error: at the edge without
// details for operators, else unchanged.
func (s *server) failure(err error) error {
	if incomplete, ok := errors.AsType[*IncompleteError](err); s.silent && ok {
		return status.Error(incomplete.GRPCStatus().Code(), "the response is incomplete")
	}
	if st, ok := status.FromError(err); s.edge && ok {
		return s.strippedStatus(st, err)
	}
	return err
}

// strippedStatus returns err. If its details hold markers, which may name
// sources, it returns a status like err without them.
func (s *server) strippedStatus(st *status.Status, err error) error {
	changed := st.Proto()
	var kept []*anypb.Any
	found := false
	for _, detail := range changed.GetDetails() {
		var d degradev1.Degradation
		if isReport(detail) {
			found = true
			if s.silent || detail.UnmarshalTo(&d) != nil || detail.MarshalFrom(fromProto(&d, nil).stripped().capped(MaxTrailerBytes)) != nil {
				continue // nobody is to know, or can tell, what is in it
			}
		}
		kept = append(kept, detail)
	}
	if !found {
		return err
	}
	changed.Details = kept
	return status.FromProto(changed).Err()
}

// nests remembers which message types can have other messages' markers within
// them.
var nests sync.Map //nolint:gochecknoglobals // protoreflect.MessageDescriptor → bool; bounded by the linked types

// mayNest reports whether a message within one of type md can have a field for
// markers, or md itself has one in a form that is not allowed.
func mayNest(md protoreflect.MessageDescriptor) bool {
	if known, ok := nests.Load(md); ok {
		return known.(bool) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	found := holdsMarkers(md) && fieldOf(md) == nil || reaches(md, map[protoreflect.FullName]bool{})
	nests.Store(md, found)
	return found
}

// reaches looks for fields of markers below md, which is at the top.
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

// messageOf is the type of the messages in a field, nil if there are none.
func messageOf(fd protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if fd.IsMap() {
		fd = fd.MapValue()
	}
	return fd.Message()
}

// withoutNested returns m, or a copy of it that has markers only where they are
// allowed.
func withoutNested(m proto.Message) proto.Message {
	md := m.ProtoReflect().Descriptor()
	if !mayNest(md) {
		return m
	}
	own := 0
	if HasField(md) && m.ProtoReflect().Has(fieldOf(md)) {
		own = 1 // that one may stay
	}
	if countMarkers(m.ProtoReflect()) == own {
		return m
	}
	m = proto.Clone(m)
	if HasField(md) {
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
