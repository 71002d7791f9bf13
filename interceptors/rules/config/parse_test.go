package config_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

func mustParse(tb testing.TB, text string) *config.Parsed {
	tb.Helper()
	p := config.Parse("rules.yaml", []byte(text))
	if _, err := p.Compile(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// YAML, JSON as people write it and JSON as protojson does are the same rules.
func TestFormsOfAFile(t *testing.T) {
	t.Parallel()
	const yaml = `
# what operators write
compartments:
  payments:
    bulkhead: {max_concurrent: 10, max_queue: 5, max_wait: 1m30s}
rules:
- match: "*"
  side: client
  timeout:
    max: 250ms
  breaker: {mode: shadow, failure_ratio: 0.5, no_jitter: true}
  rate_limit: {per_second: 100, scope: per_target}
- match: '/shop.Payments/*'
  target: dns:///a
  shadow: false
  bulkhead: {compartment: payments}
`
	want := mustParse(t, yaml).Rules()
	text, err := protojson.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]string{
		"protojson": string(text),
		"JSON": `{
	"compartments": {"payments": {"bulkhead": {"max_concurrent": 10, "max_queue": 5, "max_wait": "90s"}}},
	"rules": [
		{"match": "*", "side": "client", "timeout": {"max": "0.25s"},
		 "breaker": {"mode": "shadow", "failure_ratio": 5e-1, "no_jitter": true},
		 "rate_limit": {"per_second": 1e2, "scope": "per_target"}},
		{"match": "\/shop.Payments\/*", "target": "dns:\u002f//a", "shadow": false, "bulkhead": {"compartment": "payments"}}
	]
}`,
		"with a byte order mark":     "\ufeff" + yaml,
		"with Windows' line ends":    strings.ReplaceAll(yaml, "\n", "\r\n"),
		"with marks of the document": "---\n" + yaml + "...\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mustParse(t, form).Rules(); !proto.Equal(got, want) {
				t.Errorf("read as\n%v\nwant\n%v", got, want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "rules:\n  - match: '*'\n    timeout: {}\n\n  - {match: /a.*}\n")
	if got := p.Place(0) + " " + p.Place(1); got != "rules.yaml:2:5 rules.yaml:5:5" {
		t.Errorf("places %s; want 2:5 and 5:5", got)
	}
}

func TestNoRulesOnPurpose(t *testing.T) {
	t.Parallel()
	if got := mustParse(t, "rules: []").Rules(); !proto.Equal(got, &policyv1.Rules{}) {
		t.Errorf("read as %v; want no rules", got)
	}
}

// A file cannot hurt by its size, its depth or its cleverness.
func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"wrong values":    "rules:\n" + strings.Repeat("- {match: 5, breaker: 1}\n", 10_000),
		"a line":          "rules: " + strings.Repeat("x", 1<<20),
		"lists":           "rules: " + strings.Repeat("[", 1<<20-7),
		"groups":          strings.Repeat("{a: ", 1<<18),
		"block lists":     strings.Repeat("- ", 1<<19),
		"keys of keys":    strings.Repeat("? ", 1<<19),
		"empty rules":     "rules:\n" + strings.Repeat("- {}\n", 50_000),
		"unknown fields":  "rules: []\n" + numbered("x", 30_000),
		"repeated fields": strings.Repeat("rules: []\n", 30_000),
		"names":           "rules: []\ncompartments:\n" + numbered("  x", 30_000),
		"comments":        strings.Repeat("#\n", 1<<17),
		"documents":       strings.Repeat("--- a\n", 170_000),
		"a long name":     "rules: []\n" + strings.Repeat("n", 1<<19) + ": 1\n",
		"a long anchor":   "rules: &" + strings.Repeat("n", 1<<19) + " []\n",
		"quotes":          strings.Repeat(`"`, 1<<18),
		"wrong names":     unknownCompartments(1000, 9000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("rules.yaml", []byte(text)).Compile()
			if err == nil || len(err.Error()) > 100_000 {
				t.Errorf("error = %.1000v; want a short one", err)
			}
		})
	}
}

// unknownCompartments is a file with so many compartments, and rules that name others,
// which are like each of them.
func unknownCompartments(compartments, given int) string {
	var b strings.Builder
	b.WriteString("compartments:\n")
	for i := range compartments {
		fmt.Fprintf(&b, "  a compartment with a long name, of which there are %04d: {breaker: {}}\n", i)
	}
	b.WriteString("rules:\n")
	for i := range given {
		fmt.Fprintf(&b, "- {match: /a.B/%d, breaker: {compartment: with a long name a compartment, of which are %04d}}\n", i, i)
	}
	return b.String()
}

func numbered(prefix string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(prefix)
		b.WriteString(strings.Repeat("9", i%5))
		b.WriteString(": 1\n")
	}
	return b.String()
}

// No more of a file is read than a file may have.
func TestHugeFileIsNotRead(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	path := filepath.Join(t.TempDir(), "huge.yaml")
	write(t, path, "rules: []\n")
	if err := os.Truncate(path, 1<<30); err != nil { // a hole of a gigabyte
		t.Fatal(err)
	}
	before := allocated()
	p, err := config.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Compile(); err == nil || err.Error() != path+":1:1: the document has more than 1048576 bytes" {
		t.Errorf("error = %v; want that it is too large", err)
	}
	if got := allocated() - before; got > 64<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
}

// allocated is all that was ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// hidden reports whether a log would not show r as it is.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

func FuzzParse(f *testing.F) {
	bad, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range bad {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(everyKind))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := config.Parse("rules.yaml", data)
		given, err := p.Compile()
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "rules.yaml:") && !strings.HasPrefix(line, "and ") || strings.ContainsFunc(line, hidden) {
					t.Errorf("refused with %q; want places and words in every line", line)
				}
			}
			return
		}
		if _, err := config.New(config.WithRules(given...), config.WithLogger(slog.New(slog.DiscardHandler))); err != nil {
			t.Fatalf("rules of a good file are refused: %v", err)
		}
		text, err := protojson.Marshal(p.Rules())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Rules().GetRules()) == 0 {
			return // which protojson leaves out
		}
		again := config.Parse("rules.json", text)
		if _, err := again.Compile(); err != nil || !proto.Equal(again.Rules(), p.Rules()) {
			t.Fatalf("as JSON it is read as %v, %v; want %v", again.Rules(), err, p.Rules())
		}
	})
}
