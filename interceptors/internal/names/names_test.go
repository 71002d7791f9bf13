package names_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/afloat-go/afloat/interceptors/internal/names"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"a method", "/shop.v1.Catalog_2/Get-All", ""},
		{"every printable character", "!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~", ""},
		{"nothing", "", ""},
		{"Cyrillic", "/shоp", `character 4 is 'о' (U+043E), which looks like 'o'`},
		{"Greek", "/Ορ", `character 2 is 'Ο' (U+039F), which looks like 'O'`},
		{"full width", "/ａ", `character 2 is 'ａ' (U+FF41), which looks like 'a'`},
		{"slash", "∕a", `character 1 is '∕' (U+2215), which looks like '/'`},
		{"hyphen", "a‑b", `character 2 is '‑' (U+2011), which looks like '-'`},
		{"zero width", "a\u200bb", "character 2 is U+200B, which cannot be seen"},
		{"byte order mark", "\ufeffa", "character 1 is U+FEFF, which cannot be seen"},
		{"soft hyphen", "a\u00ad", "character 2 is U+00AD, which cannot be seen"},
		{"filler", "a\u3164", "character 2 is U+3164, which cannot be seen"},
		{"no-break", "a\u00a0b", "character 2 is U+00A0, which is a space or ends a line"},
		{"line separator", "a\u2028b", "character 2 is U+2028, which is a space or ends a line"},
		{"space", "a b", "character 2 is a space"},
		{"line break", "a\n", "character 2 is U+000A, which is a space or ends a line"},
		{"escape", "\x1b[2J", "character 1 is U+001B, which is a control character"},
		{"delete", "a\x7f", "character 2 is U+007F, which is a control character"},
		{"C1", "a\u009b", "character 2 is U+009B, which is a control character"},
		{"bidi", "a\u202eb", "character 2 is U+202E, which changes the direction of text"},
		{"combining", "e\u0301", "character 2 is U+0301, which changes the character before it"},
		{"umlaut", "größe", `character 3 is 'ö' (U+00F6), which is not ASCII`},
		{"no UTF-8", "a\xff", "character 2 is the byte 0xFF, which is not UTF-8"},
		{"counted in characters", "\xffо", "character 1 is the byte 0xFF, which is not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := names.Check(tt.text); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("Check(%q) = %q; want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestCheckLabel(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"two words": "",
		" a":        "character 1 is a space",
		"a ":        "character 2 is a space",
		" ":         "character 1 is a space",
		"a\tb":      "character 2 is U+0009, which is a space or ends a line",
		"a\u00a0b":  "character 2 is U+00A0, which is a space or ends a line",
		"two wоrds": "character 6 is 'о' (U+043E), which looks like 'o'",
	} {
		if err := names.CheckLabel(text); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("CheckLabel(%q) = %v; want %s", text, err, want)
		}
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "",
		"/shop.Catalog/Get":    "/shop.Catalog/Get",
		"größe 日本":             "größe 日本",
		`a\b "c"`:              `a\b "c"`,
		"a\nb\tc\r":            `a\nb\tc\r`,
		"\x1b[31mred":          `\x1b[31mred`,
		"\u009b31m":            `\u009b31m`,
		"a\u202eb\u2066":       `a\u202eb\u2066`,
		"a\u200b\ufeff\u00a0b": `a\u200b\ufeff\u00a0b`,
		"a\u2028b":             `a\u2028b`,
		"a\xffb":               `a\xffb`,
		"a\ufffdb":             "a\ufffdb",
		"a\u3164":              `a\u3164`,
	} {
		if got := names.Shown(text); got != want {
			t.Errorf("Shown(%q) = %q; want %q", text, got, want)
		}
	}
}

func TestShownDoesNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	if n := testing.AllocsPerRun(100, func() { names.Shown("/shop.Catalog/Get größe") }); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"/a.B/C", "a\nb", "\x1b[2J", "а", "\u202e", "\xff", "日本語"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shown := names.Shown(s)
		if !utf8.ValidString(shown) || strings.ContainsAny(shown, "\n\r\x1b\u202e\u200b\u009b") || names.Shown(shown) != shown {
			t.Errorf("Shown(%q) = %q", s, shown)
		}
		if names.Check(s) == nil && shown != s {
			t.Errorf("a name that may stand in a rule, %q, is shown as %q", s, shown)
		}
	})
}

func TestDrives(t *testing.T) {
	t.Parallel()
	for _, r := range "\n\r\t\x00\x1b\u007f\u009b\u0085\u202e\u2066\u200e\u2028\u2029" {
		if !names.Drives(r) {
			t.Errorf("%U is only shown", r)
		}
	}
	for _, r := range "a ö日👩\u200d\u00a0\ufffd" {
		if names.Drives(r) {
			t.Errorf("%U is not only shown", r)
		}
	}
}
