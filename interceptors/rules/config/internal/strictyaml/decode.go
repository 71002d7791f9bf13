package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The bounds of a document.
const (
	MaxBytes = 1 << 20
	MaxDepth = 16
	maxName  = 100 // bytes
)

// Grammar is what a document may have beside what the descriptors of messages say. The
// zero Grammar is nothing.
type Grammar struct {
	// Lone are messages one of which may stand where there is a list of them.
	Lone []protoreflect.FullName
	// Off are fields of numbers and durations that are -1, of durations -1ns, where the
	// word off stands.
	Off []protoreflect.FullName
}

// Decode reads data into m, which must be empty. The faults are in the order of the
// document. If there are any, m and the document are of no use but to look on for
// more.
func Decode(data []byte, m proto.Message, g Grammar) (*Document, []*Fault) {
	w := &walk{Grammar: g, places: map[string]Place{}}
	d := &Document{w.places}
	root, fault := parse(data)
	if fault != nil {
		return d, []*Fault{fault}
	}
	w.message(root, "", m.ProtoReflect())
	return d, w.faults
}

// parse returns the one document that there must be.
func parse(data []byte) (*yaml.Node, *Fault) {
	if fault := checkText(data); fault != nil {
		return nil, fault
	}
	loader, err := yaml.NewLoader(
		bytes.NewReader(data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(MaxDepth), loaderlimits.AliasNone())),
	)
	if err != nil {
		return nil, faultOf(data, err)
	}
	var first, second yaml.Node
	if err := loader.Load(&first); err != nil && !errors.Is(err, io.EOF) {
		return nil, faultOf(data, err)
	}
	if first.Kind != yaml.DocumentNode || len(first.Content) != 1 || isNull(first.Content[0]) {
		return nil, &Fault{Position: Position{1, 1}, Problem: "the document is empty"}
	}
	switch err := loader.Load(&second); {
	case err == nil && len(second.Content) == 1:
		return nil, &Fault{Position: positionOf(second.Content[0]), Problem: "a second document begins; there must be one"}
	case err != nil && !errors.Is(err, io.EOF):
		return nil, faultOf(data, err)
	default:
		return first.Content[0], nil
	}
}

// checkText refuses what the parser would refuse without saying where.
func checkText(data []byte) *Fault {
	if len(data) > MaxBytes {
		return &Fault{Position: Position{1, 1}, Problem: fmt.Sprintf("the document has more than %d bytes", MaxBytes)}
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return &Fault{Position: at(data, i), Problem: "the text is not UTF-8"}
		case r < ' ' && !strings.ContainsRune("\t\n\r", r), r == 0x7f:
			return &Fault{Position: at(data, i), Problem: fmt.Sprintf("the text has the control character %#02x", r)}
		}
		i += size
	}
	return nil
}

// at returns the position of the byte with the index i.
func at(data []byte, i int) Position {
	before := data[:i]
	begin := bytes.LastIndexByte(before, '\n') + 1
	return Position{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[begin:]) + 1}
}

// faultOf returns the fault of a document that is no YAML.
func faultOf(data []byte, err error) *Fault {
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return &Fault{Position: Position{1, 1}, Problem: err.Error()}
	}
	f := &Fault{Position: positionIn(load.Mark), Problem: load.Message}
	switch w, known := wordingOf(load.Message); {
	case isTab(data, f.Position):
		f.Problem = "the line begins with a tab; YAML wants spaces"
	case strings.Contains(load.ContextMsg, "alias"), strings.Contains(load.Message, "unknown anchor"):
		f.Problem = `text that begins with * must be in quotes, as in "*"`
	case known && w.begin:
		f.Position, f.Problem = positionIn(load.ContextMark), w.ours
	case known:
		f.Problem = w.ours
	case load.ContextMsg != "":
		f.Problem = load.ContextMsg + ": " + f.Problem
	}
	return f
}

// isTab reports whether a tab begins the line of the position, and stands there.
func isTab(data []byte, p Position) bool {
	for range p.Line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	before := line[:min(p.Column-1, len(line))]
	return len(bytes.TrimLeft(before, " ")) == 0 && bytes.HasPrefix(line[len(before):], []byte("\t"))
}

// positionIn returns where the parser says it was. It does not always say.
func positionIn(m yaml.Mark) Position { return Position{max(m.Line, 1), max(m.Column, 1)} }

func positionOf(n *yaml.Node) Position { return Position{n.Line, n.Column} }
