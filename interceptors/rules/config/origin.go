package config

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
)

// origin is what rules come from.
type origin struct {
	source Source
	// name is that of the file, or of the .proto file and the method.
	name string
	// document is the file, nil for another source.
	document *strictyaml.Document
}

// place is where the field with the path stands, as in "rules.yaml:12:5".
func (o origin) place(path string) string {
	if o.document == nil {
		return o.name
	}
	at, _ := o.document.At(path)
	return fmt.Sprintf("%s:%v", o.name, at.Position)
}

// textOf is how the field of m at the path is written: as in the document, if there
// is one. It is empty if the field is not given.
func (o origin) textOf(m protoreflect.Message, path, name string) string {
	if o.document != nil {
		at, _ := o.document.At(path)
		return at.Value
	}
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	if fd == nil || !m.Has(fd) {
		return ""
	}
	return written(m.Get(fd), fd)
}

// written is a value as it would be written in a file.
func written(v protoreflect.Value, fd protoreflect.FieldDescriptor) string {
	switch fd.Kind() {
	case protoreflect.MessageKind: // none but durations
		d, _ := v.Message().Interface().(*durationpb.Duration)
		return d.AsDuration().String()
	case protoreflect.EnumKind:
		if value := fd.Enum().Values().ByNumber(v.Enum()); value != nil {
			return string(value.Name())
		}
		return strconv.Itoa(int(v.Enum()))
	case protoreflect.StringKind:
		return strictyaml.Quoted(v.String())
	default:
		return v.String()
	}
}
