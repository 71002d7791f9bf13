package fieldpath_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// wellFormed are paths, each in its only spelling.
var wellFormed = []string{
	"",
	"name",
	"_",
	"a1.b_2.C",
	"items[*]",
	"items[*].price",
	"items[*].tags[*]",
	`offers["summer sale"]`,
	`offers[""].price`,
	`offers["a.b[*]"]["c"]`,
	`offers["say \"hi\" \\ bye"]`,
	`offers["\u0000\u001f\u007f\u009f"]`,
	`offers["\u202e\u2028\u200b\u2066\ufeff"]`,
	`offers["naïve 日本 😀 ` + "\uFFFD" + `"]`,
	strings.Repeat("a.", fieldpath.MaxSteps-1) + "a",
	strings.Repeat("a", fieldpath.MaxBytes),
}

// malformed are no paths.
var malformed = []string{
	".",
	"a.",
	".a",
	"a..b",
	"1a",
	"a b",
	"ä",
	"a-b",
	"[*]",
	"[*].a",
	`["a"]`,
	"a.[*]",
	"a[]",
	"a[*",
	"a[3]",
	"a[*]b",
	"a[**]",
	`a["b]`,
	`a["b"`,
	`a["b`,
	`a[b]`,
	`a["b"c"]`,
	`a['b']`,
	`a["\n"]`,
	`a["\"]`,
	`a["\u000"]`,
	`a["\u000A"]`,   // hexadecimal digits in capitals
	`a["\u0041"]`,   // an escape that is not needed
	`a["\u+041"]`,   // what some parsers take for a number
	`a["\ud800"]`,   // half a character
	"a[\"\n\"]",     // a character that must be escaped
	"a[\"\u202e\"]", // another one
	"a[\"\xff\"]",
	"a\x00",
	strings.Repeat("a.", fieldpath.MaxSteps) + "a",
	strings.Repeat("a", fieldpath.MaxBytes+1),
	strings.Repeat("[*]", 1<<20),
}

// respelled parses a path and spells it anew, from the names in it.
func respelled(path string) (string, error) {
	p, err := fieldpath.Parse(path)
	spelled := ""
	for i := range p.Len() {
		switch s := p.Step(i); s.Kind {
		case fieldpath.FieldStep:
			spelled = fieldpath.Join(spelled, s.Name())
		case fieldpath.AllStep:
			spelled = fieldpath.Elements(spelled)
		case fieldpath.KeyStep:
			spelled = fieldpath.Key(spelled, s.Name())
		}
	}
	return spelled, err
}

func TestPathsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	for _, path := range wellFormed {
		if got, err := respelled(path); err != nil || got != path {
			t.Errorf("%q becomes %q, error %v", path, got, err)
		}
	}
}

func TestMalformedPaths(t *testing.T) {
	t.Parallel()
	for _, path := range malformed {
		err := fieldpath.Check(path)
		if err == nil {
			t.Errorf("%.80q: no error", path)
			continue
		}
		text := err.Error()
		if !strings.HasPrefix(text, "degrade: path = ") || !strings.Contains(text, "must ") || len(text) > 2000 {
			t.Errorf("%.80q: %.300s", path, text)
		}
		for _, r := range text {
			if r < ' ' || r == utf8.RuneError {
				t.Errorf("%.80q: the error has the character %U", path, r)
			}
		}
	}
}

func TestErrorsSayWhereAPathIsWrong(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"items[*].price-":              `degrade: path = "items[*].price-", wrong at byte 14; must be like a.b, a[*].b or a["key"]`,
		strings.Repeat("a", 257):       `degrade: path = "` + strings.Repeat("a", 32) + `"…, 257 bytes; must be at most 256`,
		strings.Repeat("a.", 16) + "a": `degrade: path = "` + strings.Repeat("a.", 16) + `a"; must have at most 16 steps`,
	} {
		if err := fieldpath.Check(path); err == nil || err.Error() != want {
			t.Errorf("error = %v\nwant    %s", err, want)
		}
	}
}

// Whatever the key, its path is one, and the key can be told from any other.
func TestKeysOfAllKinds(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, key := range []string{"", "a", `"`, `\`, `"]`, `\"]`, "[*]", "a.b", "\n", "\x7f", "\u0085", "\u202e", "日本", "😀", `\u000a`} {
		path := fieldpath.Key("offers", key)
		if err := fieldpath.Check(path); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
		if other, twice := seen[path]; twice {
			t.Errorf("keys %q and %q have the path %q", key, other, path)
		}
		seen[path] = key
	}
	if got, want := fieldpath.Key("offers", "a\xffb"), "offers[\"a\uFFFDb\"]"; got != want {
		t.Errorf("path = %q; want %q", got, want)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ parent, path, want string }{
		{"", "", ""},
		{"a", "", "a"},
		{"", "a", "a"},
		{"a", "b", "a.b"},
		{"a[*]", "b", "a[*].b"},
		{`a["k"]`, "b[*]", `a["k"].b[*]`},
	} {
		if got := fieldpath.Join(tt.parent, tt.path); got != tt.want {
			t.Errorf("Join(%q, %q) = %q; want %q", tt.parent, tt.path, got, tt.want)
		}
	}
}

func TestUnkeyed(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                         "",
		"account.plan":             "account.plan",
		"offers[*].price":          "offers[*].price",
		`offers["a"]`:              "offers[*]",
		`offers["]\"x"].by["7"].n`: "offers[*].by[*].n",
		"malformed..":              "",
	} {
		if got := fieldpath.Unkeyed(path); got != want {
			t.Errorf("Unkeyed(%q) = %q; want %q", path, got, want)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ancestor, path string
		want           bool
	}{
		{"", "", true},
		{"", "a", true},
		{"a", "a", true},
		{"a", "a.b", true},
		{"a", "a[*]", true},
		{"a", `a["k"].b`, true},
		{"a[*]", "a[*].b", true},
		{"a", "ab", false},
		{"a.b", "a", false},
		{"a", "", false},
		{"a[*]", `a["k"]`, false},
	} {
		if got := fieldpath.Covers(tt.ancestor, tt.path); got != tt.want {
			t.Errorf("Covers(%q, %q) = %v; want %v", tt.ancestor, tt.path, got, tt.want)
		}
	}
}

// A path is either refused or has this one spelling, and is within its bounds.
func FuzzPath(f *testing.F) {
	for _, path := range append(wellFormed, malformed[:len(malformed)-1]...) {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := respelled(path)
		if (err == nil) != (fieldpath.Check(path) == nil) {
			t.Fatalf("%q: two opinions", path)
		}
		if err != nil {
			return
		}
		if got != path {
			t.Errorf("%q becomes %q", path, got)
		}
		if len(path) > fieldpath.MaxBytes || !utf8.ValidString(path) {
			t.Errorf("%q is too long or no text", path)
		}
		if err := fieldpath.CheckIn(path, profileType); err == nil && knownPart(path) != path {
			t.Errorf("%q is a field, but not all of it is known", path)
		}
	})
}

// The path of any key of a known map is a path, unless it is too long.
func FuzzKey(f *testing.F) {
	f.Add("a")
	f.Add("\"]\\\x00\u202e")
	f.Add("a\xff")
	f.Fuzz(func(t *testing.T, key string) {
		wantOrder(t, key, fieldpath.Key("", key))
		wantOrder(t, key, fieldpath.Key("", "a"+key))
		path := fieldpath.Key("offers", key)
		if len(path) > fieldpath.MaxBytes {
			return
		}
		if err := fieldpath.CheckIn(path, profileType); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
	})
}

// knownPart is the part of a path that profiles have.
func knownPart(path string) string {
	p, _ := fieldpath.Scan(path)
	return fieldpath.KnownPart(&p, profileType)
}

// What a peer can send is taken apart, known or not, without allocating.
func TestScanningAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	paths := append(slices.Clone(wellFormed), malformed...)
	paths = append(paths, `ranks["99999999999999999999"]`, `ranks["one"]`, `votes["18446744073709551616"]`, `heights["-9223372036854775809"]`)
	if got := testing.AllocsPerRun(10, func() {
		for _, path := range paths {
			if p, ok := fieldpath.Scan(path); ok {
				fieldpath.KnownPart(&p, profileType)
			}
		}
	}); got > 0 {
		t.Errorf("%v allocations for %d paths; want 0", got, len(paths))
	}
}

// stepNames are keys that are hard to spell or to tell apart.
var stepNames = []string{"", "a", "ab", "b", `"`, `\`, `"]`, `\"]`, "[*]", "a.b", "a\nb", "\x00", "\x7f", "\u0085", "\u202ea", "日本", "😀", `\u000a`, "a\xff", "\xe2"}

// A step to a key that is named compares as its spelling does.
func TestOrderOfNamedKeys(t *testing.T) {
	t.Parallel()
	for _, name := range stepNames {
		for _, other := range stepNames {
			for _, behind := range []string{"", ".x", `["a"]`} {
				wantOrder(t, name, fieldpath.Key("", other)+behind)
			}
		}
		wantOrder(t, name, "[*]")
		wantOrder(t, name, ".a")
		wantOrder(t, name, "")
	}
}

// wantOrder checks how rest compares with the step to the key of that name.
func wantOrder(tb testing.TB, name, rest string) {
	tb.Helper()
	order, size := fieldpath.KeyNamed(name).Order(rest)
	spelled := `["` + name + `"]` // no path has it
	if utf8.ValidString(name) {
		spelled = fieldpath.Key("", name)
	}
	want := strings.Compare(rest, spelled)
	if strings.HasPrefix(rest, spelled) {
		want = 0
	}
	if utf8.ValidString(name) && order != want || (order == 0) != (want == 0) || order == 0 && size != len(spelled) {
		tb.Errorf("%q against the key %q: %d, %d bytes; want %d, %d", rest, name, order, size, want, len(spelled))
	}
	p, ok := fieldpath.Scan("offers" + rest)
	if ok && p.Len() > 1 && p.Step(1).Kind == fieldpath.KeyStep {
		if got := p.Step(1).Is(name); got != (order == 0) || fieldpath.KeySize(rest) != len(p.Head(2))-len("offers") {
			tb.Errorf("%q is the key %q: %v; %d bytes", rest, name, got, fieldpath.KeySize(rest))
		}
	}
}
