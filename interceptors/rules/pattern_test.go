package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

const forms = `must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`

func TestMalformedPatterns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, match string }{
		{"empty", ""},
		{"no slash", "foo"},
		{"method without its slash", "shop.Catalog/Get"},
		{"package without its slash", "shop.*"},
		{"slash", "/"},
		{"two slashes", "//"},
		{"three slashes", "///"},
		{"service alone", "/shop.Catalog"},
		{"no method", "/shop.Catalog/"},
		{"no service", "//Get"},
		{"no service, any method", "//*"},
		{"three segments", "/a/b/c"},
		{"three segments, the last any", "/a/b/*"},
		{"slash at the end", "/a/b/"},
		{"any after a slash", "/*"},
		{"any service", "/*/Get"},
		{"any service, any method", "/*/*"},
		{"part of a package", "/shop*"},
		{"part of a service", "/shop.Cat*"},
		{"part of a method", "/shop.Catalog/Get*"},
		{"package of no name", "/.*"},
		{"any package below", "/shop.*.*"},
		{"package after a slash", "/shop/.*"},
		{"star within", "/shop.*.Catalog/Get"},
		{"two stars", "**"},
		{"two stars after a package", "/shop.**"},
		{"two stars after a service", "/shop.Catalog/**"},
		{"space before", " *"},
		{"space after", "* "},
		{"space before a method", " /shop.Catalog/Get"},
		{"space after a method", "/shop.Catalog/Get "},
		{"space in a service", "/shop Catalog/Get"},
		{"space in a package", "/sh op.*"},
		{"line break", "/shop.Catalog/Get\n"},
		{"tab", "/shop.\tCatalog/*"},
		{"carriage return", "/shop.Catalog/\rGet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := rules.New([]rules.Rule{rule(tt.match, template("x"))})
			if want := fmt.Sprintf("rules: match = %q; %s", tt.match, forms); err == nil || err.Error() != want {
				t.Errorf("error = %v; want %s", err, want)
			}
			if err := rules.CheckMatch(tt.match); err == nil || err.Error() != forms {
				t.Errorf("CheckMatch = %v; want %s", err, forms)
			}
		})
	}
}

// A pattern with a letter of another alphabet, or one that cannot be seen, would guard
// nothing, and nobody would see why.
func TestPatternsOfCharactersThatNoMethodHas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, match, want string }{
		{"Cyrillic", "/shоp.Catalog/Get", `character 4 is 'о' (U+043E), which looks like 'o'`},
		{"Greek in a service", "/shop.Ζone/*", `character 7 is 'Ζ' (U+0396), which looks like 'Z'`},
		{"full width in a package", "/ｓhop.*", `character 2 is 'ｓ' (U+FF53), which looks like 's'`},
		{"full-width slash", "/shop.Catalog／Get", `character 14 is '／' (U+FF0F), which looks like '/'`},
		{"another star", "∗", `character 1 is '∗' (U+2217), which looks like '*'`},
		{"zero width", "/shop.\u200bCatalog/*", "character 7 is U+200B, which cannot be seen"},
		{"byte order mark", "\ufeff*", "character 1 is U+FEFF, which cannot be seen"},
		{"no-break space", "/shop.Catalog/Get\u00a0", "character 18 is U+00A0, which is a space or ends a line"},
		{"escape", "/shop.Catalog/\x1b[2J", "character 15 is U+001B, which is a control character"},
		{"bidi", "/shop.\u202eCatalog/*", "character 7 is U+202E, which changes the direction of text"},
		{"umlaut", "/größe.*", `character 4 is 'ö' (U+00F6), which is not ASCII`},
		{"no UTF-8", "/shop.\xff/*", "character 7 is the byte 0xFF, which is not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			problem := tt.want + "; a method's name is printable ASCII without spaces; " + forms
			_, err := rules.New([]rules.Rule{rule(tt.match, template("x"))})
			if want := fmt.Sprintf("rules: match = %q; %s", tt.match, problem); err == nil || err.Error() != want {
				t.Errorf("error = %v; want %s", err, want)
			}
			if err := rules.CheckMatch(tt.match); err == nil || err.Error() != problem {
				t.Errorf("CheckMatch = %v; want %s", err, problem)
			}
		})
	}
	for _, match := range []string{"/a-b.C_d/E~f", "/A.B/$get+1", "/a/b", "/x:y.*", "/grpc.health.v1.Health/*"} {
		rulesOf(t, []rules.Rule{rule(match, template("x"))})
	}
}

// The same goes for the other names that stand in rules and that calls or rules are
// matched by.
func TestNamesOfCharactersThatCannotBeTold(t *testing.T) {
	t.Parallel()
	x := tune("x", "1")
	for _, tt := range []struct {
		name string
		rule rules.Rule
		want string
	}{
		{"target", to("dns:///shоp", rule("*")), `rule "*": target = "dns:///shоp"; character 10 is 'о' (U+043E), which looks like 'o'; must be printable ASCII without spaces`},
		{"target with a space", to("dns:///shop ", rule("*")), `rule "*": target = "dns:///shop "; character 12 is a space; must be printable ASCII without spaces`},
		{"long target", to(strings.Repeat("a", 5000), rule("*")), `rule "*": target = "` + strings.Repeat("a", 256) + `… (5000 bytes)"; must be of at most 4096 bytes`},
		{"compartment", rule("*", x.In("a\u200b")), `rule "*": compartment of policy 0 = "a\u200b"; character 2 is U+200B, which cannot be seen; must be printable ASCII, with spaces only within`},
		{"kind", rule("*", tune("х", "1")), `rule "*": kind of policy 0 = "х"; character 1 is 'х' (U+0445), which looks like 'x'; must be printable ASCII without spaces`},
		{"long pattern", rule("/" + strings.Repeat("a", 600) + ".*"), `rules: match = "/` + strings.Repeat("a", 255) + `… (603 bytes)"; is of 603 bytes, of which there must be at most 512; ` + forms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := rules.New([]rules.Rule{tt.rule}); err == nil || err.Error() != tt.want {
				t.Errorf("error = %v\nwant %s", err, tt.want)
			}
		})
	}
	rulesOf(t, []rules.Rule{to("unix:///tmp/a%20b.sock", rule("*", x.In("a-b_c.D/1")))})
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{
		"*", "/a.B/C", "/a.B/*", "/a.*", "/a.b.*", "", "/", "//", "/a/b/c", "/*", "**", "/.*", "/grpc.health.v1.Health/*",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, match string) {
		r, err := rules.New([]rules.Rule{rule(match, template("x"))})
		if err != nil {
			if !strings.Contains(err.Error(), fmt.Sprintf("match = %q", excerpt.Within(match, 256))) || !strings.Contains(err.Error(), forms) {
				t.Fatalf("error = %v; want it to name match, its value and the forms", err)
			}
			return
		}
		// What a pattern stands for, it also matches: with a name in place of its
		// star, and as it is.
		for _, m := range []string{match, strings.Replace(match, "*", "x", 1)} {
			if got := labels(t, r.Resolve(&policy.Call{Method: m})); got != "x" {
				t.Errorf("under %q, %q is %s; want it guarded", match, m, got)
			}
		}
		if _, err := rules.New(append(twice(match), rule("*"))); err == nil {
			t.Errorf("%q may stand in two rules", match)
		}
	})
}
