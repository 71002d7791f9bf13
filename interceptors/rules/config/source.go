package config

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Source is where rules come from. A rule of a later source replaces, as a
// whole, one of an earlier source with the same match, target, side and shadow.
type Source uint8

// The sources.
const (
	// BuiltIn is afloat's rule for calls that no other rule matches.
	BuiltIn Source = iota + 1
	// Options is the options of .proto files.
	Options
	// File is the rules file.
	File
	// Code is the program itself, through [WithRules] and [Set.Apply].
	Code
)

// String returns the source's name, such as "built-in".
func (s Source) String() string {
	switch s {
	case BuiltIn:
		return "built-in"
	case Options:
		return "options"
	case File:
		return "file"
	case Code:
		return "code"
	default:
		return fmt.Sprintf("Source(%d)", uint8(s))
	}
}

// message returns the source as a message.
func (s Source) message() policyv1.Source { return policyv1.Source(s) }

// origin is what rules come from.
type origin struct {
	source Source
	// name is that of the file, or of the .proto file and the method.
	name string
	// document is the file, nil for another source.
	document *strictyaml.Document
}

// place returns where the field with the path stands, as in "rules.yaml:12:5".
func (o origin) place(path string) string {
	if o.document == nil {
		return o.name
	}
	at, _ := o.document.At(path)
	return fmt.Sprintf("%s:%v", o.name, at.Position)
}

// written returns how the value at the path is written in the document, and without a
// document the value itself. It is empty if the value is not given.
func (o origin) written(path, value string) string {
	if o.document == nil {
		return value
	}
	at, _ := o.document.At(path)
	return at.Value
}

// written returns the value of the field of m with that name as it would be written in a
// file, empty if it is not given.
func written(m proto.Message, name string) string {
	fd := fieldOf(m, name)
	if fd == nil || !m.ProtoReflect().Has(fd) {
		return ""
	}
	v := m.ProtoReflect().Get(fd)
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
