package strictyaml

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

const durationName protoreflect.FullName = "google.protobuf.Duration"

// noFile is what is wrong with a field of a type that no rules have.
const noFile = "cannot be written in a file"

// read returns the value of a field, or what must be there.
func read(n *yaml.Node, fd protoreflect.FieldDescriptor) (v protoreflect.Value, problem string) {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return readBool(n)
	case protoreflect.Int32Kind:
		return readInt(n)
	case protoreflect.DoubleKind:
		return readNumber(n)
	case protoreflect.StringKind:
		return readText(n)
	case protoreflect.EnumKind:
		return readEnum(n, fd.Enum())
	case protoreflect.MessageKind: // none but durations
		return readDuration(n)
	default:
		return v, noFile
	}
}

// orOff returns what was read of a field that may be off.
func orOff(n *yaml.Node, fd protoreflect.FieldDescriptor, v protoreflect.Value, problem string) (protoreflect.Value, string) {
	switch {
	case isA(n, "!!str") && n.Value == "off":
		return offIn(fd), ""
	case problem != "":
		return v, problem + ", or off"
	default:
		return v, ""
	}
}

// offIn returns the value of a field that is off.
func offIn(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(-1)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(-1)
	default: // durations
		return protoreflect.ValueOfMessage(durationpb.New(-1).ProtoReflect())
	}
}

// isA reports whether n is a scalar that YAML takes for one of the types.
func isA(n *yaml.Node, tags ...string) bool {
	for _, tag := range tags {
		if n.Kind == yaml.ScalarNode && n.ShortTag() == tag {
			return true
		}
	}
	return false
}

func isNull(n *yaml.Node) bool { return isA(n, "!!null") }

func readBool(n *yaml.Node) (v protoreflect.Value, problem string) {
	if !isA(n, "!!bool") || n.Value != "true" && n.Value != "false" {
		return v, "must be true or false"
	}
	return protoreflect.ValueOfBool(n.Value == "true"), ""
}

func readInt(n *yaml.Node) (v protoreflect.Value, problem string) {
	i, err := strconv.ParseInt(n.Value, 10, 32)
	switch {
	case !isA(n, "!!int", "!!float"):
		return v, "must be a whole number"
	case err != nil && (i == math.MaxInt32 || i == math.MinInt32): // out of range
		return v, "must be a whole number below 2147483648"
	case err != nil:
		return v, "must be a whole number, in digits"
	default:
		return protoreflect.ValueOfInt32(int32(i)), ""
	}
}

func readNumber(n *yaml.Node) (v protoreflect.Value, problem string) {
	f, err := strconv.ParseFloat(n.Value, 64)
	if !isA(n, "!!int", "!!float") || err != nil {
		return v, "must be a number"
	}
	return protoreflect.ValueOfFloat64(f), ""
}

func readText(n *yaml.Node) (v protoreflect.Value, problem string) {
	switch {
	case isA(n, "!!str"):
		return protoreflect.ValueOfString(n.Value), ""
	case n.Kind == yaml.ScalarNode && !isNull(n):
		return v, "must be text; write it in quotes"
	default:
		return v, "must be text"
	}
}

func readDuration(n *yaml.Node) (v protoreflect.Value, problem string) {
	d, err := time.ParseDuration(n.Value)
	if !isA(n, "!!str") || err != nil {
		return v, "must be a duration with its unit, as in 250ms, 5s or 1m30s"
	}
	return protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), ""
}

// readEnum takes a name as in the .proto file, or without its prefix and in lower
// case. The value that says nothing cannot be written.
func readEnum(n *yaml.Node, ed protoreflect.EnumDescriptor) (v protoreflect.Value, problem string) {
	prefix := strings.TrimSuffix(string(ed.Values().ByNumber(0).Name()), "UNSPECIFIED")
	var names []string
	for i := range ed.Values().Len() {
		value := ed.Values().Get(i)
		if value.Number() == 0 {
			continue
		}
		full := string(value.Name())
		name := strings.ToLower(strings.TrimPrefix(full, prefix))
		if isA(n, "!!str") && (n.Value == name || n.Value == full) {
			return protoreflect.ValueOfEnum(value.Number()), ""
		}
		names = append(names, name)
	}
	if near := Nearest(n.Value, names); near != "" && isA(n, "!!str") {
		return v, fmt.Sprintf("must be one of %s; did you mean %s?", strings.Join(names, ", "), near)
	}
	return v, "must be one of " + strings.Join(names, ", ")
}

// textOf returns how a value is written, cut short where it is long.
func textOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "{…}"
	case n.Kind == yaml.SequenceNode:
		return "[…]"
	case n.Kind == yaml.AliasNode:
		return "*" + Quoted(n.Value)
	case isNull(n):
		return "nothing"
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return Quoted(n.Value)
	default:
		return escaped(n.Value)
	}
}

// maxWhole is the largest whole number up to which all are numbers of a Struct.
const maxWhole = 1 << 53

// readAny returns the value of a scalar, or what must be there.
func readAny(n *yaml.Node) (v *structpb.Value, problem string) {
	f, err := strconv.ParseFloat(n.Value, 64)
	whole, tooLong := strconv.ParseInt(n.Value, 10, 64)
	switch {
	case isA(n, "!!str"):
		return structpb.NewStringValue(n.Value), ""
	case isA(n, "!!bool") && (n.Value == "true" || n.Value == "false"):
		return structpb.NewBoolValue(n.Value == "true"), ""
	case isNull(n):
		return nil, "must be a value, or be left out with its name"
	case !isA(n, "!!int", "!!float"):
		return nil, "must be text, a number, true or false; write text in quotes"
	case err != nil || math.IsInf(f, 0) || math.IsNaN(f):
		return nil, "must be a number, in digits; write text in quotes"
	case isA(n, "!!int") && (tooLong != nil || max(whole, -whole) > maxWhole):
		return nil, "must be a whole number up to 9007199254740992; write text in quotes"
	default:
		return structpb.NewNumberValue(f), ""
	}
}
