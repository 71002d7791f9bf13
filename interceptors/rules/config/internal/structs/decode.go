package structs

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
)

// Fault is what is wrong with one value.
type Fault struct {
	// Path names the field.
	Path string
	// Value is the present value as text, where that is part of what is wrong.
	Value string
	// Problem says what is wrong or what must be there.
	Problem string
}

// Decode reads s into the value that into points to, whose type must have passed
// [Check]. The paths of the faults begin with that of s.
func Decode(s *structpb.Struct, path string, into any) []Fault {
	d := new(decoder)
	d.value(structpb.NewStructValue(s), path, reflect.ValueOf(into).Elem())
	return d.faults
}

// decoder reads values and notes what is wrong with them.
type decoder struct{ faults []Fault }

// wrong notes what is wrong with a value.
func (d *decoder) wrong(v *structpb.Value, path, problem string) {
	d.faults = append(d.faults, Fault{path, textOf(v), problem})
}

// value reads v into a Go value.
func (d *decoder) value(v *structpb.Value, path string, into reflect.Value) {
	switch t := into.Type(); {
	case t == anyType:
		into.Set(reflect.ValueOf(v.AsInterface()))
	case t == durationType:
		d.duration(v, path, into)
	case readsText(t):
		d.text(v, path, into)
	default:
		d.plain(v, path, into)
	}
}

// duration reads a duration.
func (d *decoder) duration(v *structpb.Value, path string, into reflect.Value) {
	dur, err := time.ParseDuration(v.GetStringValue())
	if err != nil {
		d.wrong(v, path, "must be a duration with its unit, as in 250ms, 5s or 1m30s")
		return
	}
	into.SetInt(int64(dur))
}

// text lets a Go value read itself.
func (d *decoder) text(v *structpb.Value, path string, into reflect.Value) {
	if _, ok := v.GetKind().(*structpb.Value_StringValue); !ok {
		d.wrong(v, path, "must be text")
		return
	}
	reader, _ := reflect.TypeAssert[encoding.TextUnmarshaler](into.Addr())
	if err := reader.UnmarshalText([]byte(v.GetStringValue())); err != nil {
		d.wrong(v, path, err.Error())
	}
}

// plain reads a Go value by its kind.
func (d *decoder) plain(v *structpb.Value, path string, into reflect.Value) {
	switch into.Kind() {
	case reflect.Bool:
		if is[*structpb.Value_BoolValue](d, v, path, "must be true or false") {
			into.SetBool(v.GetBoolValue())
		}
	case reflect.String:
		if is[*structpb.Value_StringValue](d, v, path, "must be text") {
			into.SetString(v.GetStringValue())
		}
	case reflect.Float32, reflect.Float64:
		if is[*structpb.Value_NumberValue](d, v, path, "must be a number") {
			into.SetFloat(v.GetNumberValue())
		}
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(v, path, into.Elem())
	case reflect.Slice:
		d.list(v, path, into)
	case reflect.Map:
		d.entries(v, path, into)
	case reflect.Struct:
		d.fields(v, path, into)
	default:
		d.whole(v, path, into)
	}
}

// is requires that v is of a kind.
func is[K any](d *decoder, v *structpb.Value, path, problem string) bool {
	_, ok := v.GetKind().(K)
	if !ok {
		d.wrong(v, path, problem)
	}
	return ok
}

// whole reads a whole number that fits.
func (d *decoder) whole(v *structpb.Value, path string, into reflect.Value) {
	f := v.GetNumberValue()
	if !is[*structpb.Value_NumberValue](d, v, path, "must be a whole number") {
		return
	}
	t := into.Type()
	if into.CanInt() {
		if n := int64(f); float64(n) == f && !t.OverflowInt(n) {
			into.SetInt(n)
			return
		}
	} else if n := uint64(max(f, 0)); float64(n) == f && !into.OverflowUint(n) {
		into.SetUint(n)
		return
	}
	d.wrong(v, path, fmt.Sprintf("must be a whole number that fits %v", t.Kind()))
}

// list reads a list.
func (d *decoder) list(v *structpb.Value, path string, into reflect.Value) {
	if !is[*structpb.Value_ListValue](d, v, path, "must be a list; [] is one without elements") {
		return
	}
	all := v.GetListValue().GetValues()
	into.Set(reflect.MakeSlice(into.Type(), len(all), len(all)))
	for i, element := range all {
		d.value(element, strictyaml.Index(path, i), into.Index(i))
	}
}

// entries reads a map from names.
func (d *decoder) entries(v *structpb.Value, path string, into reflect.Value) {
	if !is[*structpb.Value_StructValue](d, v, path, "must be a group of names; {} is one without any") {
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	all := v.GetStructValue().GetFields()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		entry := reflect.New(into.Type().Elem()).Elem()
		d.value(all[name], strictyaml.Key(path, name), entry)
		into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), entry)
	}
}

// fields reads the fields of a struct.
func (d *decoder) fields(v *structpb.Value, path string, into reflect.Value) {
	if !is[*structpb.Value_StructValue](d, v, path, "must be a group of fields; {} is one without any") {
		return
	}
	known := map[string]field{}
	for _, f := range fieldsOf(into.Type()) {
		known[f.name] = f
	}
	all := v.GetStructValue().GetFields()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f, ok := known[name]
		if !ok {
			problem := strictyaml.Unknown(name, slices.Collect(maps.Keys(known)))
			d.faults = append(d.faults, Fault{Path: strictyaml.Key(path, name), Problem: problem})
			continue
		}
		d.value(all[name], strictyaml.Key(path, name), into.FieldByIndex(f.Index))
	}
}

// textOf returns a value as text, cut short where it is long.
func textOf(v *structpb.Value) string {
	switch k := v.GetKind().(type) {
	case *structpb.Value_StructValue:
		return "{…}"
	case *structpb.Value_ListValue:
		return "[…]"
	case *structpb.Value_StringValue:
		return strictyaml.Quoted(k.StringValue)
	default:
		return fmt.Sprint(v.AsInterface())
	}
}

// Text returns the value of the field with that name as text, empty if there is none.
func Text(s *structpb.Struct, name string) string {
	v, ok := s.GetFields()[name]
	if !ok {
		return ""
	}
	return textOf(v)
}
