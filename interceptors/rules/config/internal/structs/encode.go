package structs

import (
	"encoding"
	"fmt"
	"reflect"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

// Encode returns a Struct of a struct or of a map from names, nil of anything else.
// [Decode] makes the same value of it, if its type has passed [Check]. What cannot be
// told otherwise is told as text. Nil pointers, lists and maps are left out.
func Encode(of any) *structpb.Struct { return valueOf(reflect.ValueOf(of)).GetStructValue() }

// valueOf returns a value of a Go value, nil of nothing.
func valueOf(v reflect.Value) *structpb.Value {
	if !v.IsValid() {
		return nil
	}
	if v.Type() == durationType {
		return structpb.NewStringValue(time.Duration(v.Int()).String())
	}
	if text, ok := textFrom(v); ok {
		return structpb.NewStringValue(text)
	}
	switch v.Kind() {
	case reflect.Bool:
		return structpb.NewBoolValue(v.Bool())
	case reflect.String:
		return structpb.NewStringValue(v.String())
	case reflect.Pointer, reflect.Interface:
		return valueOf(v.Elem())
	case reflect.Slice, reflect.Array:
		return listOf(v)
	case reflect.Map, reflect.Struct:
		return structOf(v)
	default:
		return numberOf(v)
	}
}

// textFrom returns what a Go value writes of itself.
func textFrom(v reflect.Value) (text string, ok bool) {
	if !v.Type().Implements(writerType) || v.Kind() == reflect.Pointer && v.IsNil() || !v.CanInterface() {
		return "", false
	}
	w, _ := reflect.TypeAssert[encoding.TextMarshaler](v)
	written, err := w.MarshalText()
	return string(written), err == nil
}

// numberOf returns a number, or text of what is none.
func numberOf(v reflect.Value) *structpb.Value {
	switch {
	case v.CanInt():
		return structpb.NewNumberValue(float64(v.Int()))
	case v.CanUint():
		return structpb.NewNumberValue(float64(v.Uint()))
	case v.CanFloat():
		return structpb.NewNumberValue(v.Float())
	default:
		return structpb.NewStringValue(fmt.Sprint(v))
	}
}

// listOf returns a list.
func listOf(v reflect.Value) *structpb.Value {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return nil
	}
	list := &structpb.ListValue{Values: make([]*structpb.Value, v.Len())}
	for i := range list.GetValues() {
		if list.Values[i] = valueOf(v.Index(i)); list.Values[i] == nil {
			list.Values[i] = structpb.NewNullValue()
		}
	}
	return structpb.NewListValue(list)
}

// structOf returns the fields of a struct, or the entries of a map.
func structOf(v reflect.Value) *structpb.Value {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	set := func(name string, v reflect.Value) {
		if value := valueOf(v); value != nil {
			s.Fields[name] = value
		}
	}
	if v.Kind() == reflect.Map {
		if v.IsNil() {
			return nil
		}
		for key, entry := range v.Seq2() {
			set(fmt.Sprint(key), entry)
		}
		return structpb.NewStructValue(s)
	}
	for _, f := range fieldsOf(v.Type()) {
		if value := v.FieldByIndex(f.Index); !f.omits || !value.IsZero() {
			set(f.name, value)
		}
	}
	return structpb.NewStructValue(s)
}
