package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

const (
	docs   = "../../../docs"
	protos = "../../../proto/afloat/policy/v1"
)

// The reference of docs/rules.md is what the .proto files say.
func TestReferenceIsThatOfTheProtos(t *testing.T) {
	t.Parallel()
	path := filepath.Join(docs, "rules.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- reference: begin -->\n", "<!-- reference: end -->\n"
	before, rest, ok := strings.Cut(string(doc), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/rules.md has no room for the reference")
	}
	want := reference(t)
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Error("the reference of docs/rules.md is not what the .proto files say; write it with go test ./interceptors/rules/config -run Reference -update")
	}
}

// reference is made of the messages that a file may have, and of their comments.
func reference(tb testing.TB) string {
	tb.Helper()
	comments := commentsOf(tb, "rules.proto", "conditions.proto", "policies.proto")
	var b strings.Builder
	for _, m := range []proto.Message{
		&policyv1.Rules{}, &policyv1.Compartment{}, &policyv1.Rule{}, &policyv1.Condition{}, &policyv1.ResponseField{},
		&policyv1.MetadataField{}, &policyv1.Timeout{}, &policyv1.Breaker{}, &policyv1.Bulkhead{}, &policyv1.RateLimit{}, &policyv1.Fault{}, &policyv1.Custom{},
	} {
		md := m.ProtoReflect().Descriptor()
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| field | type | |\n|---|---|---|\n", md.Name(), comments[string(md.Name())])
		for i := range md.Fields().Len() {
			fd := md.Fields().Get(i)
			comment := comments[fmt.Sprintf("%s.%s", md.Name(), fd.Name())]
			if comment == "" {
				tb.Errorf("%s has no comment", fd.FullName())
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", fd.Name(), kindOf(fd), comment)
		}
	}
	b.WriteString("\n")
	return b.String()
}

// kindOf is the type of a field, in words.
func kindOf(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "names, each of a " + link(fd.MapValue().Message())
	case fd.IsList() && fd.Message() == nil:
		return "list of texts"
	case fd.IsList():
		return "list of " + link(fd.Message())
	case fd.Message() != nil && fd.Message().FullName() == "google.protobuf.Duration":
		return "duration"
	case fd.Message() != nil && fd.Message().FullName() == "google.protobuf.Struct":
		return "any fields"
	case fd.Message() != nil:
		return link(fd.Message())
	case fd.Enum() != nil:
		return values(fd.Enum())
	}
	return map[protoreflect.Kind]string{
		protoreflect.BoolKind: "true or false", protoreflect.StringKind: "text",
		protoreflect.Int32Kind: "whole number", protoreflect.DoubleKind: "number",
	}[fd.Kind()]
}

func link(md protoreflect.MessageDescriptor) string {
	return fmt.Sprintf("[%s](#%s)", md.Name(), strings.ToLower(string(md.Name())))
}

// values are those of an enum, as a file has them.
func values(ed protoreflect.EnumDescriptor) string {
	var all []string
	prefix := strings.TrimSuffix(string(ed.Values().Get(0).Name()), "UNSPECIFIED")
	for i := 1; i < ed.Values().Len(); i++ {
		all = append(all, "`"+strings.ToLower(strings.TrimPrefix(string(ed.Values().Get(i).Name()), prefix))+"`")
	}
	return strings.Join(all, ", ")
}

// commentsOf are those of messages, as in "Rule", and of fields, as in
// "Rule.match".
func commentsOf(tb testing.TB, files ...string) map[string]string {
	tb.Helper()
	message := regexp.MustCompile(`^message (\w+) \{`)
	field := regexp.MustCompile(`^  (?:optional |repeated )?[\w.<>, ]+ (\w+) = \d+;`)
	all := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(protos, name))
		if err != nil {
			tb.Fatal(err)
		}
		var comment []string
		in := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\n")
			if words, ok := strings.CutPrefix(strings.TrimSpace(line), "// "); ok {
				comment = append(comment, words)
				continue
			}
			if m := message.FindStringSubmatch(line); m != nil {
				in = m[1]
				all[in] = strings.Join(comment, " ")
			} else if m := field.FindStringSubmatch(line); m != nil {
				all[in+"."+m[1]] = strings.Join(comment, " ")
			}
			comment = nil
		}
	}
	return all
}

// The sample, and every example of the documents that has rules, is a good file.
func TestFilesOfDocsAreGood(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile(filepath.Join(docs, "rules.sample.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(sample)}
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, path := range []string{filepath.Join(docs, "rules.md"), filepath.Join(docs, "failures.md"), "../../../README.md"} {
		doc, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range example.FindAllStringSubmatch(string(doc), -1) {
			texts = append(texts, m[1])
		}
	}
	if len(texts) < 3 {
		t.Errorf("%d examples; want the sample, one of the document and one of the README", len(texts))
	}
	shares := config.WithKind(config.Kind[map[string]any, own]{
		Name: "share", New: func(rules.Key, map[string]any) (own, error) { return own{}, nil },
	})
	for _, text := range texts {
		if _, err := config.Parse("example.yaml", []byte(text)).Compile(shares); err != nil {
			t.Errorf("%v\nin:\n%s", err, text)
		}
	}
}
