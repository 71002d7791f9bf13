package degrade

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// Bounds of a path, in bytes and in steps. A step is a field, a [*] or a key.
const (
	MaxPathBytes = fieldpath.MaxBytes
	MaxPathSteps = fieldpath.MaxSteps
)

// CheckPath returns an error if path is malformed, longer than [MaxPathBytes]
// or deeper than [MaxPathSteps].
func CheckPath(path string) error { return fieldpath.Check(path) }

// CheckField returns an error if path is malformed or names nothing in a
// message of type md.
func CheckField(path string, md protoreflect.MessageDescriptor) error {
	return fieldpath.CheckIn(path, md)
}

// Join returns the path of the field at path within the field at parent.
func Join(parent, path string) string { return fieldpath.Join(parent, path) }

// Elements returns the path of all elements of the repeated field or map at
// path.
func Elements(path string) string { return fieldpath.Elements(path) }

// Key returns the path of one value of the map at path. In a key that is not
// valid UTF-8, U+FFFD replaces the invalid bytes.
func Key(path, key string) string { return fieldpath.Key(path, key) }
