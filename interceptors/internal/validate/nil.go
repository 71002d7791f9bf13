package validate

import "reflect"

// IsNil reports whether v is nil, or holds a nil pointer, map, slice, function or channel:
// what a variable has that was never set. Such a value is not equal to nil.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return r.IsNil()
	default:
		return false
	}
}

// IsPointer reports whether v is a pointer to something that has a size, so that it is equal
// to another only if both are one thing. Values without a state of their own may be equal
// and are not.
func IsPointer(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().Size() > 0
}
