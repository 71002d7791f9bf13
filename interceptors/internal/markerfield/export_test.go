package markerfield

import "google.golang.org/protobuf/reflect/protoreflect"

// MaxUnlinked bounds the types that are remembered and not linked.
const MaxUnlinked = maxUnlinked

// Remembered returns of how many types something is remembered, those of which two
// things are twice.
func Remembered() (n int) {
	count := func(any, any) bool { n++; return true }
	fields.facts.Range(count)
	holders.facts.Range(count)
	return n
}

// IsRemembered reports whether the field of messages of a type is remembered.
func IsRemembered(md protoreflect.MessageDescriptor) bool {
	_, ok := fields.facts.Load(md)
	return ok
}
