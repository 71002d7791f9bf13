package structs

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
)

//nolint:gochecknoglobals // constants
var (
	durationType = reflect.TypeFor[time.Duration]()
	readerType   = reflect.TypeFor[encoding.TextUnmarshaler]()
	writerType   = reflect.TypeFor[encoding.TextMarshaler]()
	anyType      = reflect.TypeFor[any]()
)

// Check reports why values of type t cannot be read from a Struct: it must be a struct
// or a map from names, of what can be read.
func Check(t reflect.Type) error {
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Map || readsText(t) {
		return fmt.Errorf("%v is no struct and no map from names", t)
	}
	return check(t, map[reflect.Type]bool{})
}

// check does what Check does, for any type that may stand within another.
func check(t reflect.Type, seen map[reflect.Type]bool) error {
	if seen[t] || readsText(t) || t == anyType {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return nil
	case reflect.Pointer, reflect.Slice:
		return check(t.Elem(), seen)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("%v has keys that are no text", t)
		}
		return check(t.Elem(), seen)
	case reflect.Struct:
		for _, f := range fieldsOf(t) {
			if f.Anonymous {
				return fmt.Errorf("%v embeds %v", t, f.Type)
			}
			if err := check(f.Type, seen); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("%v cannot be written in a file", t)
	}
}

// readsText reports whether values of type t read themselves from text.
func readsText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(readerType) }

// field is a field of a struct under the name that it has in a Struct.
type field struct {
	reflect.StructField

	name string
	// omits: the zero value is left out.
	omits bool
}

// fieldsOf returns the fields of a struct type that can be given.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if name == "" {
			name = f.Name
		}
		all = append(all, field{f, name, strings.Contains(options, "omit")})
	}
	return all
}
