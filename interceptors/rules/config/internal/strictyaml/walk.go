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
	lone   []protoreflect.FullName
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
	case n.Kind == yaml.MappingNode && isGroup(fd) && slices.Contains(w.lone, fd.Message().FullName()):
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

// unknown says which fields there are, or which one was meant.
func unknown(md protoreflect.MessageDescriptor, name string) string {
	names := make([]string, md.Fields().Len())
	for i := range names {
		names[i] = string(md.Fields().Get(i).Name())
	}
	return Unknown(name, names)
}

// Unknown says of a name that is no field which fields there are, or which one was
// meant.
func Unknown(name string, names []string) string {
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("is no field here; did you mean %s?", near)
	}
	if len(names) == 0 {
		return "is no field here; there are none"
	}
	return "is no field here; there are: " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
