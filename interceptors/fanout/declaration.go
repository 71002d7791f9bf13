package fanout

import (
	"iter"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Declaration is what the author of a message declares about how to fill one of its
// fields. The zero Declaration declares nothing. See [Config.Declared].
type Declaration struct {
	// Need is whether the response can do without the field. Default: not
	// declared.
	Need Need
	// Timeout is the longest timeout that the source may set, and its default
	// timeout. It applies to the source itself, not to its fallbacks, and to each
	// element of a list. Range [1ms, 24h]. Default 0: not declared.
	Timeout time.Duration
	// NeverStale: the field must not hold an old value, so its source must not
	// have a fallback.Stale step. Default false.
	NeverStale bool
}

// Need is whether a response can do without a field.
type Need uint8

// The needs.
const (
	// NeedNotSaid: not declared; either is allowed.
	NeedNotSaid Need = iota
	// NeedRequired: the source must be [Required].
	NeedRequired
	// NeedOptional: the source must be [Optional], or [Each].
	NeedOptional
)

// descriptorOf finds the field at a path, nil if there is none. For the elements
// of a list and the values of a map, it is the field that holds them.
func descriptorOf(path string, md protoreflect.MessageDescriptor) (last protoreflect.FieldDescriptor) {
	for fd := range fieldsOn(path, md) {
		last = fd
	}
	return last
}

// fieldsOn yields the fields on a path up to the first elements, the outermost first, and
// nil for one that there is not.
func fieldsOn(path string, md protoreflect.MessageDescriptor) iter.Seq[protoreflect.FieldDescriptor] {
	path, _, _ = strings.Cut(path, "[")
	return func(yield func(protoreflect.FieldDescriptor) bool) {
		for name := range strings.SplitSeq(path, ".") {
			var fd protoreflect.FieldDescriptor
			if md != nil {
				fd = md.Fields().ByName(protoreflect.Name(name))
			}
			if !yield(fd) || fd == nil {
				return
			}
			md = fd.Message()
		}
	}
}
