package condition

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// field reads one field of the messages of a type.
type field struct {
	// way are the fields that lead to it, the last one is it.
	way []protoreflect.FieldDescriptor
	// optional: the field can be told to be unset.
	optional bool
	// is reports whether its value is one of those that are sought.
	is func(protoreflect.Value) bool
}

// misfit is why a part does not fit a type of messages.
type misfit struct{ field, value, problem string }

// unresolved is the misfit of a type that is not described in full, as in a descriptor set
// without imports: it may fit.
var unresolved = new(misfit) //nolint:gochecknoglobals // never written

// fieldOf returns the field that a part seeks in the messages of a type, or why it does not
// fit them. The part has been checked.
func fieldOf(r *Response, md protoreflect.MessageDescriptor) (*field, *misfit) {
	p, _ := fieldpath.Scan(r.Path)
	f, at := new(field), md
	for i := range p.Len() {
		fd := at.Fields().ByName(protoreflect.Name(p.Step(i).Name()))
		last := i == p.Len()-1
		switch {
		case at.IsPlaceholder():
			return nil, unresolved
		case fd == nil:
			return nil, &misfit{"response.path", quoted(r.Path), fmt.Sprintf("%s has no field %q%s", at.FullName(), p.Step(i).Name(), known(at))}
		case fd.IsList() || fd.IsMap():
			return nil, &misfit{"response.path", quoted(r.Path), fmt.Sprintf("%s is repeated; must lead through single fields", fd.FullName())}
		case !last && fd.Message() == nil:
			return nil, &misfit{"response.path", quoted(r.Path), fmt.Sprintf("%s is no message, so that nothing is in it", fd.FullName())}
		case last && fd.Message() != nil:
			return nil, &misfit{"response.path", quoted(r.Path), fmt.Sprintf("%s is a message; must be a field in it%s", fd.FullName(), known(fd.Message()))}
		case last && fd.Kind() == protoreflect.BytesKind:
			return nil, &misfit{"response.path", quoted(r.Path), fmt.Sprintf("%s is of bytes; must be a text, a number, a truth or an enum", fd.FullName())}
		}
		f.way, at = append(f.way, fd), fd.Message()
	}
	var wrong *misfit
	f.optional = f.way[len(f.way)-1].HasPresence()
	f.is, wrong = f.oneOf(r.Values)
	return f, wrong
}

// known lists the fields of a message, if they are few.
func known(md protoreflect.MessageDescriptor) string {
	var all []string
	for i := range md.Fields().Len() {
		all = append(all, string(md.Fields().Get(i).Name()))
	}
	return listed(all)
}

// listed lists what there is.
func listed(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return "; there are none"
	case len(names) > most:
		return fmt.Sprintf("; there are: %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	default:
		return "; there are: " + strings.Join(names, ", ")
	}
}

// oneOf returns a function that reports whether a value of the field is one of those
// written, or says which cannot be.
func (f *field) oneOf(written []string) (func(protoreflect.Value) bool, *misfit) {
	fd := f.way[len(f.way)-1]
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return among(written, func(s string) (bool, bool) { return s == "true", s == "true" || s == "false" },
			protoreflect.Value.Bool, "true or false")
	case protoreflect.EnumKind:
		return f.oneOfEnum(written)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return among(written, whole(math.MinInt32, math.MaxInt32), protoreflect.Value.Int, "a whole number of 32 bits")
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return among(written, whole(math.MinInt64, math.MaxInt64), protoreflect.Value.Int, "a whole number of 64 bits")
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return among(written, natural(math.MaxUint32), protoreflect.Value.Uint, "a whole number of 32 bits without a sign")
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return among(written, natural(math.MaxUint64), protoreflect.Value.Uint, "a whole number of 64 bits without a sign")
	case protoreflect.FloatKind:
		return among(written, number(32), protoreflect.Value.Float, "a number")
	case protoreflect.DoubleKind:
		return among(written, number(64), protoreflect.Value.Float, "a number")
	default:
		return among(written, func(s string) (string, bool) { return s, true }, protoreflect.Value.String, "text")
	}
}

// among returns a function that reports whether a value is one of those written.
func among[T comparable](
	written []string, parse func(string) (T, bool), of func(protoreflect.Value) T, allowed string,
) (func(protoreflect.Value) bool, *misfit) {
	var all []T
	for i, s := range written {
		v, ok := parse(s)
		if !ok {
			return nil, &misfit{fmt.Sprintf("response.values[%d]", i), fmt.Sprintf("%q", s), "must be " + allowed}
		}
		all = append(all, v)
	}
	return func(v protoreflect.Value) bool { return slices.Contains(all, of(v)) }, nil
}

// oneOfEnum does what oneOf does for an enum, whose values have names.
func (f *field) oneOfEnum(written []string) (func(protoreflect.Value) bool, *misfit) {
	fd := f.way[len(f.way)-1]
	if fd.Enum().IsPlaceholder() {
		return nil, unresolved
	}
	values := fd.Enum().Values()
	parse := func(s string) (protoreflect.EnumNumber, bool) {
		if v := values.ByName(protoreflect.Name(s)); v != nil {
			return v.Number(), true
		}
		n, err := strconv.ParseInt(s, 10, 32)
		return protoreflect.EnumNumber(n), err == nil
	}
	var names []string
	for i := range values.Len() {
		names = append(names, string(values.Get(i).Name()))
	}
	return among(written, parse, protoreflect.Value.Enum, fmt.Sprintf("a value of %s%s", fd.Enum().FullName(), listed(names)))
}

// whole returns a function that reads a whole number within bounds.
func whole(least, most int64) func(string) (int64, bool) {
	return func(s string) (int64, bool) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil && least <= n && n <= most
	}
}

// natural does what whole does, for numbers without a sign.
func natural(most uint64) func(string) (uint64, bool) {
	return func(s string) (uint64, bool) {
		n, err := strconv.ParseUint(s, 10, 64)
		return n, err == nil && n <= most
	}
}

// number returns a function that reads a number as a field of so many bits has it.
func number(bits int) func(string) (float64, bool) {
	return func(s string) (float64, bool) {
		n, err := strconv.ParseFloat(s, bits)
		return n, err == nil && !math.IsNaN(n)
	}
}

// met reports whether the field of a message, which is of the type, has one of the values.
func (f *field) met(m protoreflect.Message) bool {
	last := len(f.way) - 1
	for _, fd := range f.way[:last] {
		if m = m.Get(fd).Message(); !m.IsValid() {
			return false // it is not set
		}
	}
	fd := f.way[last]
	return f.is(m.Get(fd)) && (!f.optional || m.Has(fd))
}
