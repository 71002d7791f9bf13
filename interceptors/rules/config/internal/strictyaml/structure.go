package strictyaml

import (
	"math"
	"strconv"

	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/types/known/structpb"
)

// structure reads a group whose fields nobody here knows. What they may be is for
// whoever reads the Struct.
func (w *walk) structure(n *yaml.Node, path string, s *structpb.Struct) {
	w.places[path] = Place{Position: positionOf(n)}
	if !w.is(n, yaml.MappingNode, path, notGroup) {
		return
	}
	s.Fields = map[string]*structpb.Value{}
	for key, value := range w.named(n, path) {
		at := Key(path, key.Value)
		if v := w.value(value, at); v != nil {
			s.Fields[key.Value] = v
		}
		place := w.places[at]
		place.Name = positionOf(key)
		w.places[at] = place
	}
}

// value reads any value. It returns nil if there is something wrong with it.
func (w *walk) value(n *yaml.Node, path string) *structpb.Value {
	switch n.Kind {
	case yaml.MappingNode:
		s := new(structpb.Struct)
		w.structure(n, path, s)
		return structpb.NewStructValue(s)
	case yaml.SequenceNode:
		return structpb.NewListValue(w.values(n, path))
	default:
		return w.any(n, path)
	}
}

// any reads a scalar of any type.
func (w *walk) any(n *yaml.Node, path string) *structpb.Value {
	w.places[path] = Place{Position: positionOf(n), Value: textOf(n)}
	if !w.plain(n, path) {
		return nil
	}
	v, problem := readAny(n)
	if problem != "" {
		w.fault(n, path, problem)
	}
	return v
}

// values reads a list of any values.
func (w *walk) values(n *yaml.Node, path string) *structpb.ListValue {
	w.places[path] = Place{Position: positionOf(n)}
	list := new(structpb.ListValue)
	if !w.plain(n, path) {
		return list
	}
	for i, element := range n.Content {
		if v := w.value(element, Index(path, i)); v != nil {
			list.Values = append(list.Values, v)
		}
	}
	return list
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
