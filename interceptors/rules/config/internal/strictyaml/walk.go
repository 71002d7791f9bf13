package strictyaml

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
)

// walk goes through a document and a message side by side.
type walk struct {
	Grammar

	places map[string]Place
	faults []*Fault
}

// fault notes what is wrong with a value.
func (w *walk) fault(n *yaml.Node, path, problem string) {
	w.faults = append(w.faults, &Fault{positionOf(n), path, textOf(n), problem})
}

// remark notes what is wrong where the value does not matter.
func (w *walk) remark(n *yaml.Node, path, problem string) {
	w.faults = append(w.faults, &Fault{Position: positionOf(n), Path: path, Problem: problem})
}

// notGroup is what is wrong with a value that has no fields.
const notGroup = "must be a group of fields; {} is one without any"

// message reads the fields of m.
func (w *walk) message(n *yaml.Node, path string, m protoreflect.Message) {
	if s, ok := m.Interface().(*structpb.Struct); ok {
		w.structure(n, path, s)
		return
	}
	w.places[path] = Place{Position: positionOf(n)}
	if !w.is(n, yaml.MappingNode, path, notGroup) {
		return
	}
	seen := map[protoreflect.FieldDescriptor]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name, ok := w.key(key, path)
		if !ok {
			continue
		}
		fd := fieldOf(m.Descriptor(), name)
		switch first := seen[fd]; {
		case fd == nil:
			w.remark(key, Field(path, name), unknown(m.Descriptor(), name))
		case first != nil:
			w.remark(key, Field(path, string(fd.Name())), fmt.Sprintf("stands here already in line %d", first.Line))
		default:
			seen[fd] = key
			w.field(value, Field(path, string(fd.Name())), m, fd)
		}
	}
}

// fieldOf finds a field by its name or its JSON name.
func fieldOf(md protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByName(protoreflect.Name(name)); fd != nil {
		return fd
	}
	return md.Fields().ByJSONName(name)
}

// field reads one field of m.
func (w *walk) field(n *yaml.Node, path string, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	switch {
	case fd.IsMap():
		w.entries(n, path, m.Mutable(fd).Map(), fd)
	case fd.IsList():
		w.elements(n, path, m.Mutable(fd).List(), fd)
	case isGroup(fd):
		w.message(n, path, m.Mutable(fd).Message())
	default:
		if v, ok := w.scalar(n, path, fd); ok {
			m.Set(fd, v)
		}
	}
}

// isGroup reports whether the values of a field are groups of fields.
func isGroup(fd protoreflect.FieldDescriptor) bool {
	return fd.Message() != nil && fd.Message().FullName() != durationName
}

// notList is what is wrong with a value that is no list.
const notList = "must be a list; [] is one without elements"

// elements reads a list.
func (w *walk) elements(n *yaml.Node, path string, list protoreflect.List, fd protoreflect.FieldDescriptor) {
	w.places[path] = Place{Position: positionOf(n)}
	all := n.Content
	switch {
	case n.Kind == yaml.MappingNode && isGroup(fd) && slices.Contains(w.Lone, fd.Message().FullName()):
		all = []*yaml.Node{n}
	case !w.is(n, yaml.SequenceNode, path, notList):
		return
	}
	for i, element := range all {
		if isGroup(fd) {
			w.message(element, Index(path, i), list.AppendMutable().Message())
		} else if v, ok := w.scalar(element, Index(path, i), fd); ok {
			list.Append(v)
		}
	}
}

// entries reads a map from names.
func (w *walk) entries(n *yaml.Node, path string, m protoreflect.Map, fd protoreflect.FieldDescriptor) {
	w.places[path] = Place{Position: positionOf(n)}
	if fd.MapKey().Kind() != protoreflect.StringKind {
		w.remark(n, path, noFile)
		return
	}
	if !w.is(n, yaml.MappingNode, path, "must be a group of names; {} is one without any") {
		return
	}
	for key, value := range w.named(n, path) {
		if v, ok := w.entry(value, Key(path, key.Value), m, fd.MapValue()); ok {
			m.Set(protoreflect.ValueOfString(key.Value).MapKey(), v)
		}
	}
}

// named yields the names and the values of a map. The names differ.
func (w *walk) named(n *yaml.Node, path string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			name, ok := w.key(key, path)
			if !ok {
				continue
			}
			if first := seen[name]; first != nil {
				w.remark(key, Key(path, name), fmt.Sprintf("stands here already in line %d", first.Line))
				continue
			}
			seen[name] = key
			if !yield(key, value) {
				return
			}
		}
	}
}

// entry reads a value of a map.
func (w *walk) entry(n *yaml.Node, path string, m protoreflect.Map, fd protoreflect.FieldDescriptor) (v protoreflect.Value, ok bool) {
	if !isGroup(fd) {
		return w.scalar(n, path, fd)
	}
	v = m.NewValue()
	w.message(n, path, v.Message())
	return v, true
}

// scalar reads a value that is not made of others.
func (w *walk) scalar(n *yaml.Node, path string, fd protoreflect.FieldDescriptor) (v protoreflect.Value, ok bool) {
	w.places[path] = Place{Position: positionOf(n), Value: textOf(n)}
	if !w.plain(n, path) {
		return v, false
	}
	v, problem := read(n, fd)
	if slices.Contains(w.Off, fd.FullName()) {
		v, problem = orOff(n, fd, v, problem)
	}
	if problem != "" {
		w.fault(n, path, problem)
	}
	return v, problem == ""
}

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

// key reads the name of a field or of an entry.
func (w *walk) key(n *yaml.Node, path string) (name string, ok bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!merge":
		w.remark(n, path, "has a merge key <<; the fields must be written out")
	case !w.plain(n, path):
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" || n.Value == "":
		w.remark(n, path, fmt.Sprintf("has %s where a name must be", textOf(n)))
	case !isName(n.Value):
		w.remark(n, path, fmt.Sprintf("has %s where a name must be, of at most %d bytes that can be printed", textOf(n), maxName))
	default:
		return n.Value, true
	}
	return "", false
}

// isName bounds what every path under a name repeats, and what a log shows as it is.
func isName(text string) bool {
	return len(text) <= maxName && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// is requires that n is of a kind.
func (w *walk) is(n *yaml.Node, kind yaml.Kind, path, problem string) bool {
	if !w.plain(n, path) {
		return false
	}
	if n.Kind != kind {
		w.fault(n, path, problem)
		return false
	}
	return true
}

// plain requires that n is written as it is, and not by other means of YAML.
func (w *walk) plain(n *yaml.Node, path string) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		w.remark(n, path, fmt.Sprintf("is the alias *%s; it must be written out", escaped(n.Value)))
	case n.Anchor != "":
		w.remark(n, path, fmt.Sprintf("has the anchor &%s; there must be none", escaped(n.Anchor)))
	case n.Style&yaml.TaggedStyle != 0:
		w.remark(n, path, fmt.Sprintf("has the tag %s; there must be none", escaped(n.ShortTag())))
	default:
		return true
	}
	return false
}
